import { release } from 'node:os';
import type { OciSeccomp } from '../../api/oci-runtime.ts';
import { invalidParameter } from '../../core/errors.ts';
import { DEFAULT_PROFILE, type SeccompCondition, type SeccompProfile } from './seccomp-profile.ts';

/** What a profile's conditions are held against. */
export interface SeccompTarget {
  readonly capabilities: readonly string[];
  /** Libseccomp's name of the architecture, and Go's. */
  readonly architecture: { readonly seccomp: string; readonly go: string };
  /** As `uname -r` prints it. */
  readonly kernel: string;
}

const ARCHITECTURE: Record<string, { readonly seccomp: string; readonly go: string }> = {
  x64: { seccomp: 'SCMP_ARCH_X86_64', go: 'amd64' },
  arm64: { seccomp: 'SCMP_ARCH_AARCH64', go: 'arm64' },
};

function thisHost(capabilities: readonly string[]): SeccompTarget {
  const architecture = ARCHITECTURE[process.arch] ?? { seccomp: '', go: '' };
  return { capabilities, architecture, kernel: release() };
}

function kernelAtLeast(kernel: string, wanted: string): boolean {
  const numbers = (text: string) => text.split(/[.-]/).slice(0, 2).map(Number);
  const [major = 0, minor = 0] = numbers(kernel);
  const [wantMajor = 0, wantMinor = 0] = numbers(wanted);
  return major > wantMajor || (major === wantMajor && minor >= wantMinor);
}

function included(condition: SeccompCondition | undefined, target: SeccompTarget): boolean {
  const { caps, arches, minKernel } = condition ?? {};
  return (
    (caps ?? []).every((cap) => target.capabilities.includes(cap)) &&
    (!arches?.length || arches.includes(target.architecture.go)) &&
    (!minKernel || kernelAtLeast(target.kernel, minKernel))
  );
}

function excluded(condition: SeccompCondition | undefined, target: SeccompTarget): boolean {
  const { caps, arches, minKernel } = condition ?? {};
  return (
    (caps ?? []).some((cap) => target.capabilities.includes(cap)) ||
    (arches ?? []).includes(target.architecture.go) ||
    Boolean(minKernel && kernelAtLeast(target.kernel, minKernel))
  );
}

/** The rules of `profile` that hold for `target`, in the form of the OCI runtime specification. */
export function resolveProfile(profile: SeccompProfile, target: SeccompTarget): OciSeccomp {
  const { seccomp } = target.architecture;
  const map = profile.archMap?.find((entry) => entry.architecture === seccomp);
  const syscalls = (profile.syscalls ?? [])
    .filter((rule) => included(rule.includes, target) && !excluded(rule.excludes, target))
    .map(({ name, names, action, errnoRet, args }) => ({
      names: names ?? (name ? [name] : []),
      action,
      ...(errnoRet === undefined ? {} : { errnoRet }),
      ...(args?.length ? { args } : {}),
    }));
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    architectures: map ? [seccomp, ...(map.subArchitectures ?? [])] : (profile.architectures ?? []),
    syscalls,
  };
}

const resolved = new Map<string, OciSeccomp>();

/** The rules of a container with these capabilities that asked for no profile; the same object each time. */
export function defaultSeccomp(capabilities: readonly string[]): OciSeccomp {
  const key = capabilities.join();
  const known = resolved.get(key);
  if (known) return known;
  const rules = resolveProfile(DEFAULT_PROFILE, thisHost(capabilities));
  resolved.set(key, rules);
  return rules;
}

/** @param text the profile itself, as clients send it. @throws BargeError invalid-parameter. */
export function customSeccomp(text: string, capabilities: readonly string[]): OciSeccomp {
  let profile: SeccompProfile;
  try {
    profile = JSON.parse(text);
    if (typeof profile.defaultAction !== 'string') throw new TypeError('it has no defaultAction');
    return resolveProfile(profile, thisHost(capabilities));
  } catch (error) {
    throw invalidParameter('Decoding seccomp profile failed: it is not the JSON of a profile', {
      cause: error,
    });
  }
}

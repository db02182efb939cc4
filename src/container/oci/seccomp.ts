import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { errnoOf, invalidParameter } from '../../core/errors.ts';
import type { OciSeccomp, OciSyscallRule } from '../../spec/oci-runtime.ts';

/** Where distributions install the profile that container engines share. */
export const DEFAULT_PROFILE_PATH = '/usr/share/containers/seccomp.json';

interface Condition {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
  readonly minKernel?: string;
}

/** A profile in the form that docker's `--security-opt seccomp=FILE` takes. */
interface Profile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly archMap?: readonly {
    readonly architecture: string;
    readonly subArchitectures?: readonly string[] | null;
  }[];
  readonly syscalls?: readonly (Omit<OciSyscallRule, 'names'> & {
    readonly name?: string;
    readonly names?: readonly string[];
    readonly includes?: Condition;
    readonly excludes?: Condition;
  })[];
}

const ARCHITECTURE: Record<string, { readonly seccomp: string; readonly go: string }> = {
  x64: { seccomp: 'SCMP_ARCH_X86_64', go: 'amd64' },
  arm64: { seccomp: 'SCMP_ARCH_AARCH64', go: 'arm64' },
};

function kernelAtLeast(wanted: string): boolean {
  const numbers = (text: string) => text.split(/[.-]/).slice(0, 2).map(Number);
  const [major = 0, minor = 0] = numbers(release());
  const [wantMajor = 0, wantMinor = 0] = numbers(wanted);
  return major > wantMajor || (major === wantMajor && minor >= wantMinor);
}

function included(condition: Condition | undefined, caps: ReadonlySet<string>, arch: string): boolean {
  const { caps: wanted, arches, minKernel } = condition ?? {};
  return (
    (wanted ?? []).every((cap) => caps.has(cap)) &&
    (!arches?.length || arches.includes(arch)) &&
    (!minKernel || kernelAtLeast(minKernel))
  );
}

function excluded(condition: Condition | undefined, caps: ReadonlySet<string>, arch: string): boolean {
  const { caps: unwanted, arches, minKernel } = condition ?? {};
  return (
    (unwanted ?? []).some((cap) => caps.has(cap)) ||
    (arches ?? []).includes(arch) ||
    Boolean(minKernel && kernelAtLeast(minKernel))
  );
}

/** The rules of `profile` that hold for a container with these capabilities on this machine. */
function resolveProfile(profile: Profile, capabilities: readonly string[]): OciSeccomp {
  const caps = new Set(capabilities);
  const { seccomp, go } = ARCHITECTURE[process.arch] ?? { seccomp: '', go: '' };
  const map = profile.archMap?.find((entry) => entry.architecture === seccomp);
  const syscalls = (profile.syscalls ?? [])
    .filter((rule) => included(rule.includes, caps, go) && !excluded(rule.excludes, caps, go))
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

const resolved = new Map<string, OciSeccomp | undefined>();

/** The machine's default profile; undefined where its distribution installs none. */
export function defaultSeccomp(capabilities: readonly string[]): OciSeccomp | undefined {
  const key = capabilities.join();
  if (!resolved.has(key)) {
    const text = readOptional(DEFAULT_PROFILE_PATH);
    resolved.set(key, text === undefined ? undefined : resolveProfile(JSON.parse(text), capabilities));
  }
  return resolved.get(key);
}

/** @param text the profile itself, as clients send it. @throws BargeError invalid-parameter. */
export function customSeccomp(text: string, capabilities: readonly string[]): OciSeccomp {
  try {
    return resolveProfile(JSON.parse(text), capabilities);
  } catch (error) {
    throw invalidParameter('Decoding seccomp profile failed: it is not the JSON of a profile', {
      cause: error,
    });
  }
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

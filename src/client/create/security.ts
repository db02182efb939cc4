import type { HostConfig } from '../../api/engine/containers.ts';
import { invalidParameter, messageOf } from '../../core/errors.ts';
import { splitPair } from '../flags.ts';
import { readText } from './key-values.ts';

/**
 * Security options as the API takes them: a seccomp profile is sent as its content, and
 * `systempaths=unconfined` becomes empty lists of masked and read-only paths.
 * @throws BargeError invalid-parameter in docker's words.
 */
export function readSecurity(options: readonly string[]): HostConfig {
  const sent: string[] = [];
  let unconfined = false;
  for (const option of options) {
    const [key, value] = option.includes('=') ? splitPair(option) : splitPair(option.replace(':', '='));
    if (option === 'no-new-privileges') sent.push(option);
    else if (!/[=:]/.test(option)) throw invalidParameter(`Invalid --security-opt: "${option}"`);
    else if (key === 'systempaths' && value === 'unconfined') unconfined = true;
    else if (key === 'seccomp' && value !== 'unconfined' && value !== 'builtin') sent.push(seccomp(value));
    else sent.push(option);
  }
  return {
    ...(sent.length > 0 ? { SecurityOpt: sent } : {}),
    ...(unconfined ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
  };
}

function profileText(path: string): string {
  try {
    return readText(path);
  } catch (cause) {
    throw invalidParameter(`opening seccomp profile (${path}) failed: ${messageOf(cause)}`, { cause });
  }
}

function seccomp(path: string): string {
  const text = profileText(path);
  try {
    return `seccomp=${JSON.stringify(JSON.parse(text))}`;
  } catch (cause) {
    throw invalidParameter(`compacting json for seccomp profile failed: ${path} is not JSON`, { cause });
  }
}

/**
 * Capabilities of `--cap-add` and `--cap-drop` under their full names, sorted, each once: adding wins over
 * dropping, and `ALL` over single ones.
 */
export function readCapabilities(add: readonly string[], drop: readonly string[]): HostConfig {
  const added = capabilityNames(add);
  const dropped = capabilityNames(drop).filter((name) => !added.includes(name) || name === 'ALL');
  return {
    ...(added.length > 0 ? { CapAdd: added } : {}),
    ...(dropped.length > 0 ? { CapDrop: dropped } : {}),
  };
}

function capabilityNames(names: readonly string[]): string[] {
  const full = names
    .map((name) => name.trim().toUpperCase())
    .map((name) => (name === 'ALL' || name.startsWith('CAP_') ? name : `CAP_${name}`));
  return full.includes('ALL') ? ['ALL'] : [...new Set(full)].sort();
}

/** Namespace modes that docker knows, by flag; `container:<name>` where the kind can be shared. */
const MODES = {
  pid: { pattern: /^(?:|host|container:.+)$/, noun: 'PID' },
  uts: { pattern: /^(?:|host)$/, noun: 'UTS' },
  userns: { pattern: /^(?:|host)$/, noun: 'USER' },
  cgroupns: { pattern: /^(?:|host|private)$/, noun: 'CGROUP' },
} as const;

export type ModeFlag = keyof typeof MODES;

/** @throws BargeError invalid-parameter when `value` is not a mode of `flag`. */
export function checkMode(flag: ModeFlag, value: string): string {
  const mode = MODES[flag];
  if (!mode.pattern.test(value)) throw invalidParameter(`--${flag}: invalid ${mode.noun} mode`);
  return value;
}

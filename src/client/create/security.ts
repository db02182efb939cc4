import { invalidParameter } from '../../core/errors.ts';
import type { HostConfig } from '../../spec/engine.ts';
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

function seccomp(path: string): string {
  const text = readText(path);
  try {
    return `seccomp=${JSON.stringify(JSON.parse(text))}`;
  } catch (cause) {
    throw invalidParameter(`compacting json for seccomp profile failed: ${path} is not JSON`, { cause });
  }
}

/** Namespace modes that docker knows, by flag; `container:<name>` where the kind can be shared. */
const MODES: Readonly<Record<string, { readonly pattern: RegExp; readonly noun: string }>> = {
  pid: { pattern: /^(?:|host|container:.+)$/, noun: 'PID' },
  uts: { pattern: /^(?:|host)$/, noun: 'UTS' },
  userns: { pattern: /^(?:|host)$/, noun: 'USER' },
  cgroupns: { pattern: /^(?:|host|private)$/, noun: 'CGROUP' },
};

/** @throws BargeError invalid-parameter when `flag` does not know `value`. */
export function checkMode(flag: string, value: string): string {
  const mode = MODES[flag];
  if (mode && !mode.pattern.test(value)) throw invalidParameter(`--${flag}: invalid ${mode.noun} mode`);
  return value;
}

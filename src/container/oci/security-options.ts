import { invalidParameter } from '../../core/errors.ts';
import type { AppArmorSpec, SeccompSpec } from '../spec.ts';

/** `--security-opt`, taken apart. */
interface SecurityOptions {
  /** undefined: whatever the daemon's default is. */
  readonly noNewPrivileges?: boolean;
  readonly seccomp: SeccompSpec;
  readonly appArmor: AppArmorSpec;
  /** SELinux: `disable`, `type:…`, `level:…`. */
  readonly labels: readonly string[];
  readonly unconfinedPaths: boolean;
  /** Whether the cgroup file system of a container that is not privileged can be written to. */
  readonly writableCgroups?: boolean;
}

const TRUE = ['1', 't', 'true'];
const FALSE = ['0', 'f', 'false'];

/** @throws BargeError invalid-parameter, in docker's words. */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
  let found: SecurityOptions = {
    labels: [],
    unconfinedPaths: false,
    seccomp: { kind: 'default' },
    appArmor: { kind: 'default' },
  };
  for (const option of options) found = { ...found, ...parseOption(option, found) };
  return found;
}

function parseOption(option: string, found: SecurityOptions): Partial<SecurityOptions> {
  if (option === 'no-new-privileges') return { noNewPrivileges: true };
  if (option === 'writable-cgroups') return { writableCgroups: true };
  if (option === 'disable') return { labels: [...found.labels, 'disable'] };
  const [, name = '', value = ''] = /^([\w-]+)[=:]([\s\S]+)$/.exec(option) ?? [];
  switch (name) {
    case 'no-new-privileges':
      return { noNewPrivileges: truth(option, value) };
    case 'writable-cgroups':
      if (value === 'true' || value === 'false') return { writableCgroups: value === 'true' };
      break;
    case 'seccomp':
      return { seccomp: seccompOf(value) };
    case 'apparmor':
      return { appArmor: value === 'unconfined' ? { kind: value } : { kind: 'profile', name: value } };
    case 'label':
      return { labels: [...found.labels, value] };
    case 'systempaths':
      if (value === 'unconfined') return { unconfinedPaths: true };
  }
  throw invalidParameter(`invalid --security-opt ${name ? 2 : 1}: "${option}"`);
}

const seccompOf = (value: string): SeccompSpec =>
  value === 'unconfined' || value === 'builtin' ? { kind: value } : { kind: 'profile', json: value };

function truth(option: string, value: string): boolean {
  const word = value.toLowerCase();
  if (TRUE.includes(word)) return true;
  if (FALSE.includes(word)) return false;
  throw invalidParameter(`invalid --security-opt 2: "${option}"`);
}

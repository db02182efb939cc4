import { readFileSync } from 'node:fs';
import { invalidParameter } from '../../core/errors.ts';

/** By bit number, as in linux/capability.h. */
const NAMES = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN ' +
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE ' +
  'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
)
  .split(' ')
  .map((name) => `CAP_${name}`);

/** What Docker gives a container that asks for nothing. */
const DEFAULT =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'
    .split(' ')
    .map((name) => `CAP_${name}`);

interface CapabilityOptions {
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly privileged: boolean;
}

export function fullName(name: string): string {
  const upper = name.toUpperCase();
  return upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}

/** @throws BargeError invalid-parameter for names that no kernel knows. */
export function assertCapabilities(names: readonly string[], field: 'CapAdd' | 'CapDrop'): void {
  const unknown = names.map(fullName).find((name) => name !== 'CAP_ALL' && !NAMES.includes(name));
  if (unknown) throw invalidParameter(`invalid ${field}: unknown capability: "${unknown}"`);
}

let hostSet: ReadonlySet<string> | undefined;

/** The capabilities that this process may hand on: its bounding set. */
export function hostCapabilities(): ReadonlySet<string> {
  if (!hostSet) {
    const line = /^CapBnd:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'));
    const bits = BigInt(`0x${line?.[1] ?? '0'}`);
    hostSet = new Set(NAMES.filter((_, bit) => (bits >> BigInt(bit)) & 1n));
  }
  return hostSet;
}

/**
 * The set a container gets, by the rules of `--cap-add`, `--cap-drop` and `--privileged`, less what the host
 * itself lacks. @returns names, and those that were asked for by name but are not to be had here.
 */
export function effectiveCapabilities(request: CapabilityOptions): { granted: string[]; missing: string[] } {
  const add = request.add.map(fullName);
  const drop = request.drop.map(fullName);
  const base =
    request.privileged || add.includes('CAP_ALL') ? NAMES : drop.includes('CAP_ALL') ? [] : DEFAULT;
  const kept = request.privileged ? base : base.filter((name) => !drop.includes(name));
  const wanted = [...new Set([...kept, ...add.filter((name) => name !== 'CAP_ALL')])];
  const host = hostCapabilities();
  return {
    granted: wanted.filter((name) => host.has(name)),
    missing: wanted.filter((name) => !host.has(name)),
  };
}

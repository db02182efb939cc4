import { readdirSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { OciDevice, OciDeviceRule } from '../../api/oci-runtime.ts';
import { errnoOf, invalidParameter, systemError } from '../../core/errors.ts';
import type { MappedDevice } from '../resource-spec.ts';

const S_IFMT = 0o170000;
const S_IFBLK = 0o060000;
const S_IFCHR = 0o020000;

const rule = (type: string, major: number | undefined, minor: number | undefined, access: string) => ({
  allow: true,
  type,
  ...(major === undefined ? {} : { major }),
  ...(minor === undefined ? {} : { minor }),
  access,
});

/** Everything denied but making device nodes and the harmless ones: null, zero, full, random, tty, pts. */
const DEFAULT_RULES: readonly OciDeviceRule[] = [
  { allow: false, access: 'rwm' },
  rule('c', undefined, undefined, 'm'),
  rule('b', undefined, undefined, 'm'),
  rule('c', 1, 3, 'rwm'),
  rule('c', 1, 5, 'rwm'),
  rule('c', 1, 7, 'rwm'),
  rule('c', 1, 8, 'rwm'),
  rule('c', 1, 9, 'rwm'),
  rule('c', 5, 0, 'rwm'),
  rule('c', 5, 1, 'rwm'),
  rule('c', 5, 2, 'rwm'),
  rule('c', 136, undefined, 'rwm'),
];

const ALL: readonly OciDeviceRule[] = [{ allow: true, access: 'rwm' }];

interface DeviceAccess {
  readonly devices: readonly OciDevice[];
  readonly rules: readonly OciDeviceRule[];
}

/** Device nodes and cgroup rules of a container. A directory stands for every device in it, of which it needs one. */
export function deviceAccess(
  mappings: readonly MappedDevice[],
  cgroupRules: readonly string[],
  privileged: boolean,
): DeviceAccess {
  if (privileged) return { devices: devicesBelow('/dev', '/dev'), rules: ALL };
  const mapped = mappings.flatMap(({ hostPath, path, access }) => {
    const target = posix.join('/', path);
    if (!/^[rwm]{1,3}$/.test(access)) throw invalidParameter(`invalid device mode: ${access}`);
    return hostDevices(hostPath, target).map((device) => ({ device, access }));
  });
  return {
    devices: mapped.map(({ device }) => device),
    rules: [
      ...DEFAULT_RULES,
      ...mapped.map(({ device, access }) => rule(device.type, device.major, device.minor, access)),
      ...cgroupRules.map(parseRule),
    ],
  };
}

function parseRule(text: string): OciDeviceRule {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text);
  if (!match) throw invalidParameter(`invalid device cgroup rule format: '${text}'`);
  const [, type = 'a', major, minor, access = 'rwm'] = match;
  const numberOf = (part: string | undefined) => (part === '*' ? undefined : Number(part));
  return rule(type, numberOf(major), numberOf(minor), access);
}

function hostDevices(path: string, target: string): OciDevice[] {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) {
      const found = devicesBelow(path, target);
      if (found.length > 0) return found;
    }
    const device = deviceAt(path, target);
    if (device) return [device];
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw systemError(
      `error gathering device information while adding custom device "${path}": no such file or directory`,
    );
  }
  throw systemError(
    `error gathering device information while adding custom device "${path}": not a device node`,
  );
}

function deviceAt(path: string, target: string): OciDevice | undefined {
  const stats = statSync(path);
  const kind = stats.mode & S_IFMT;
  if (kind !== S_IFBLK && kind !== S_IFCHR) return undefined;
  return {
    path: target,
    type: kind === S_IFBLK ? 'b' : 'c',
    major: majorOf(stats.rdev),
    minor: minorOf(stats.rdev),
    fileMode: stats.mode & 0o777,
    uid: stats.uid,
    gid: stats.gid,
  };
}

/** Directories that the container gets of its own. */
const SKIPPED = new Set(['pts', 'shm', 'fd', 'mqueue', 'console']);

function devicesBelow(directory: string, target: string): OciDevice[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const from = join(directory, entry.name);
    const to = join(target, entry.name);
    if (entry.isDirectory()) return devicesBelow(from, to);
    const device = entry.isCharacterDevice() || entry.isBlockDevice() ? deviceAt(from, to) : undefined;
    return device ? [device] : [];
  });
}

/** The kernel's encoding of `dev_t`, as glibc's sysmacros split it. */
export function majorOf(rdev: number): number {
  const wide = BigInt(rdev);
  return Number(((wide >> 8n) & 0xfffn) | ((wide >> 32n) & 0xfffff000n));
}

export function minorOf(rdev: number): number {
  const wide = BigInt(rdev);
  return Number((wide & 0xffn) | ((wide >> 12n) & 0xffffff00n));
}

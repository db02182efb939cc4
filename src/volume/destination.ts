import { posix } from 'node:path';
import { invalidParameter, notFound } from '../core/errors.ts';

/** A runtime's path ends at a zero byte: the path that was checked would not be the one that is mounted. @throws BargeError invalid-parameter. */
export function assertNoZeroByte(path: string): void {
  if (path.includes('\0')) {
    throw invalidParameter(`invalid mount path: ${JSON.stringify(path)} contains a zero byte`);
  }
}

/**
 * The path without `.`, `..`, and doubled or trailing slashes.
 * @throws BargeError invalid-parameter for `/`, a relative path, and one that contains a zero byte.
 */
export function destinationOf(path: string): string {
  assertNoZeroByte(path);
  const clean = posix.normalize(path).replace(/(.)\/$/, '$1');
  if (!path.startsWith('/'))
    throw invalidParameter(`invalid mount path: '${path}' mount path must be absolute`);
  if (clean === '/') throw invalidParameter(`invalid specification: destination can't be '/'`);
  return clean;
}

/** Files of /proc that runc allows mounts over, such as those of LXCFS. */
const PROC_FILES: readonly string[] = [
  'cpuinfo',
  'diskstats',
  'loadavg',
  'meminfo',
  'slabinfo',
  'stat',
  'swaps',
  'uptime',
  'sys/crypto/fips_enabled',
  'sys/kernel/ns_last_pid',
].map((name) => `/proc/${name}`);

/**
 * The runtime must read the kernel's own /proc, so mounts over it are rejected.
 * @param place the mount's resolved target. @throws BargeError invalid-parameter, in runc's words.
 */
export function assertOutsideProc(place: string, isProcItself = false): void {
  if (place === '/proc' && isProcItself) return;
  if (place !== '/proc' && !place.startsWith('/proc/')) return;
  if (PROC_FILES.includes(place)) return;
  const why = place === '/proc' ? 'it is not of type proc' : 'it is inside /proc';
  throw invalidParameter(`invalid mount path: '${place}' cannot be mounted because ${why}`);
}

export const duplicate = (destination: string) => invalidParameter(`Duplicate mount point: ${destination}`);

export const PROPAGATIONS = ['shared', 'rshared', 'slave', 'rslave', 'private', 'rprivate'];

/** @throws BargeError not-found, in docker's words: there are no plugins. */
export function assertLocalDriver(name: string | undefined): void {
  if (name && name !== 'local') {
    throw notFound(`error looking up volume plugin ${name}: plugin "${name}" not found`);
  }
}

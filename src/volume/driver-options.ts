import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { invalidParameter, systemError } from '../core/errors.ts';
import { parseBytes } from '../core/units.ts';

export type DriverOptions = Readonly<Record<string, string>>;

/** Arguments of mount(2), without the target. */
interface MountCall {
  readonly device: string;
  readonly type: string;
  readonly flags: number;
  readonly data: string;
}

/** The options that an option requires. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  type: ['device'],
  device: ['type'],
  o: ['device', 'type'],
  size: [],
};

/** @throws BargeError invalid-parameter, in docker's words, for options that the driver `local` does not support. */
export function checkDriverOptions(options: DriverOptions): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(NEEDS, name));
  if (unknown !== undefined) throw invalidParameter(`invalid option: "${unknown}"`);
  if (options.size !== undefined && parseBytes(options.size) > 0) {
    throw invalidParameter('quota size requested but no quota support');
  }
  for (const [name, needed] of Object.entries(NEEDS)) {
    const missing = name in options ? needed.find((other) => !(other in options)) : undefined;
    if (missing) throw invalidParameter(`missing required option: "${missing}"`);
  }
}

/** Whether a volume with these options is a file system of its own, mounted while a container uses it. */
export const isMounted = (options: DriverOptions): boolean => Boolean(options.device);

const RDONLY = 1;
const BIND = 1 << 12;
const REC = 1 << 14;
const UNBINDABLE = 1 << 17;
const PRIVATE = 1 << 18;
const SLAVE = 1 << 19;
const SHARED = 1 << 20;

/** Options of mount(8) that are flags of mount(2), as in linux/mount.h: the flags that each sets and clears. */
const FLAGS: Readonly<Record<string, readonly [set: number, clear: number]>> = {
  defaults: [0, 0],
  ro: [RDONLY, 0],
  rw: [0, RDONLY],
  nosuid: [1 << 1, 0],
  suid: [0, 1 << 1],
  nodev: [1 << 2, 0],
  dev: [0, 1 << 2],
  noexec: [1 << 3, 0],
  exec: [0, 1 << 3],
  sync: [1 << 4, 0],
  async: [0, 1 << 4],
  mand: [1 << 6, 0],
  nomand: [0, 1 << 6],
  dirsync: [1 << 7, 0],
  noatime: [1 << 10, 0],
  atime: [0, 1 << 10],
  nodiratime: [1 << 11, 0],
  diratime: [0, 1 << 11],
  bind: [BIND, 0],
  rbind: [BIND | REC, 0],
  relatime: [1 << 21, 0],
  norelatime: [0, 1 << 21],
  strictatime: [1 << 24, 0],
  nostrictatime: [0, 1 << 24],
  unbindable: [UNBINDABLE, 0],
  runbindable: [UNBINDABLE | REC, 0],
  private: [PRIVATE, 0],
  rprivate: [PRIVATE | REC, 0],
  slave: [SLAVE, 0],
  rslave: [SLAVE | REC, 0],
  shared: [SHARED, 0],
  rshared: [SHARED | REC, 0],
};

/** How a volume with these options is mounted. @throws BargeError system when a server's name has no address. */
export async function mountCall(options: DriverOptions): Promise<MountCall> {
  let flags = 0;
  const data: string[] = [];
  for (const word of (options.o ?? '').split(',').filter(Boolean)) {
    const [set, clear] = (Object.hasOwn(FLAGS, word) && FLAGS[word]) || [];
    if (set === undefined || clear === undefined) data.push(await withAddress(word, options.type ?? ''));
    else flags = (flags | set) & ~clear;
  }
  return { device: options.device ?? '', type: options.type ?? '', flags, data: data.join(',') };
}

/** The kernel accepts a file server by address only. */
async function withAddress(word: string, type: string): Promise<string> {
  const [, name] = /^addr=(.+)$/.exec(word) ?? [];
  if (!name || isIP(name) || !/^(nfs|cifs)/.test(type)) return word;
  try {
    return `addr=${(await lookup(name)).address}`;
  } catch (cause) {
    throw systemError(`error resolving passed in network volume address: ${name}`, { cause });
  }
}

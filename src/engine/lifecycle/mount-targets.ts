import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { ResolvedMount } from '../../container/model.ts';
import { invalidParameter } from '../../core/errors.ts';
import { assertOutsideProc } from '../../volume/destination.ts';

/** As many links as the kernel follows. */
const MAX_LINKS = 40;

/** What is mounted in every container. */
const OWN_TARGETS = ['/sys', '/dev', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf'];
/** Directories with the links that may lead elsewhere from there. */
const OWN_PARENTS = ['proc', 'sys', 'dev', 'etc'];

/** Directories of a root file system. */
interface RootDirectories {
  readonly upper: string;
  /** The lowest first. */
  readonly lower: readonly string[];
}

interface Target {
  readonly Type: ResolvedMount['Type'];
  readonly Destination: string;
}

/** Sets of layers whose own links have been looked at. */
const checked = new Set<string>();
const MAX_CHECKED = 1000;

/**
 * Follows the links that an image or a stopped container has on the way to each mount, as the runtime will: none may
 * lead into /proc, which crun does not look at, and in which it then writes what confines the process.
 * @param keepsProc what was asked for at /proc itself was looked at before.
 * @throws BargeError invalid-parameter, in runc's words.
 */
export function assertMountTargets(
  { upper, lower }: RootDirectories,
  mounts: readonly Target[],
  { keepsProc = false } = {},
): void {
  const layers = [upper, ...[...lower].reverse()];
  assertOwnTargets(layers);
  for (const { Destination: target, Type } of mounts) {
    const place = followWithin(layers, target);
    assertOutsideProc(place, keepsProc && target === '/proc' && Type === 'bind');
  }
}

/** An image is looked at once: most containers change nothing of these directories. */
function assertOwnTargets(layers: readonly string[]): void {
  const [upper = '', ...lower] = layers;
  const key = lower.join(':');
  const isChanged = OWN_PARENTS.some((name) => lstatSync(join(upper, name), { throwIfNoEntry: false }));
  if (!isChanged && checked.has(key)) return;
  if (followWithin(layers, '/proc') !== '/proc') {
    throw invalidParameter('filesystem "proc" must be mounted on ordinary directory');
  }
  for (const target of OWN_TARGETS) assertOutsideProc(followWithin(layers, target));
  if (isChanged) return;
  if (checked.size >= MAX_CHECKED) checked.clear();
  checked.add(key);
}

/**
 * Where a path leads inside of a root file system; what is not there leads to itself.
 * @param layers the highest first.
 */
export function followWithin(layers: readonly string[], target: string): string {
  const parts = target.split('/');
  const done: string[] = [];
  for (let links = 0; parts.length > 0; ) {
    const part = parts.shift() ?? '';
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const link = linkAt(layers, [...done, part]);
    if (link === undefined) {
      done.push(part);
      continue;
    }
    links++;
    if (links > MAX_LINKS) throw invalidParameter(`too many levels of symbolic links: ${target}`);
    if (link.startsWith('/')) done.length = 0;
    parts.unshift(...link.split('/'));
  }
  return `/${done.join('/')}`;
}

/** What a path without links is in the uppermost layer that has it; undefined for what is not there, or is hidden. */
export function kindWithin(layers: readonly string[], path: string): 'directory' | 'other' | undefined {
  const parts = path.split('/').filter(Boolean);
  for (const layer of layers) {
    const found = statWithin(layer, parts);
    if (found === 'hidden' || isWhiteout(found)) return undefined;
    if (found) return found.isDirectory() ? 'directory' : 'other';
  }
  return undefined;
}

const isWhiteout = (found: Stats | undefined) => Boolean(found?.isCharacterDevice() && found.rdev === 0);

/** The target of the link that the uppermost layer with an entry of that name has there. */
function linkAt(layers: readonly string[], parts: readonly string[]): string | undefined {
  for (const layer of layers) {
    const found = statWithin(layer, parts);
    if (found === 'hidden') return undefined;
    if (found) return found.isSymbolicLink() ? readlinkSync(join(layer, ...parts)) : undefined;
  }
  return undefined;
}

/** No link of the layer is followed: `hidden` where something else than a directory is on the way. */
function statWithin(layer: string, parts: readonly string[]): Stats | 'hidden' | undefined {
  let path = layer;
  for (const [index, part] of parts.entries()) {
    path = join(path, part);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (!stats || index === parts.length - 1) return stats;
    if (!stats.isDirectory()) return 'hidden';
  }
  return undefined;
}

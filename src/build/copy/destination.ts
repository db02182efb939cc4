import { posix } from 'node:path';
import { resolveInRoot } from './rooted.ts';

/** What is at a destination within a root file system. */
export interface Destination {
  /** Absolute, without a slash at its end. */
  readonly path: string;
  readonly is: 'folder' | 'file' | 'nothing';
  /** Folders on the way that are not there, the destination itself included; outermost first. */
  readonly missing: readonly string[];
}

/** @param root undefined for an empty root file system. */
export async function inspectDestination(root: string | undefined, path: string): Promise<Destination> {
  const missing: string[] = [];
  let is: Destination['is'] = 'nothing';
  for (let folder = posix.resolve(path); folder !== '/'; folder = posix.dirname(folder)) {
    const found = root === undefined ? undefined : await resolveInRoot(root, folder);
    if (missing.length === 0 && found) is = found.stats.isDirectory() ? 'folder' : 'file';
    if (found) break;
    missing.unshift(folder);
  }
  const clean = posix.resolve(path);
  return { path: clean, is: clean === '/' ? 'folder' : is, missing };
}

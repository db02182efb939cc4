import { lstat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { errnoOf } from '../../core/errors.ts';
import { targetInRoot } from './rooted.ts';

/** A destination within a root file system. */
export interface Destination {
  /** Absolute, without a trailing slash, with links resolved as far as possible. */
  readonly path: string;
  readonly is: 'directory' | 'file' | 'nothing';
  /** Missing directories of the path, including the destination itself, outermost first. */
  readonly missing: readonly string[];
}

/** @param root undefined for an empty root file system. */
export async function inspectDestination(root: string | undefined, path: string): Promise<Destination> {
  const clean = posix.resolve(path);
  const target = root === undefined ? clean : await targetInRoot(root, clean);
  const missing: string[] = [];
  let is: Destination['is'] = target === '/' ? 'directory' : 'nothing';
  for (let directory = target; directory !== '/'; directory = posix.dirname(directory)) {
    const found = root === undefined ? undefined : await kindOf(join(root, directory));
    if (missing.length === 0 && found) is = found;
    if (found) break;
    missing.unshift(directory);
  }
  return { path: target, is, missing };
}

/** Of a path without links. */
async function kindOf(path: string): Promise<'directory' | 'file' | undefined> {
  try {
    return (await lstat(path)).isDirectory() ? 'directory' : 'file';
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

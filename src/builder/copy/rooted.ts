import type { Stats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, forbidden, invalidParameter } from '../../core/errors.ts';

const MAX_LINKS = 255;

export interface Rooted {
  /** Relative to the root, without links in any component. Empty is the root. */
  readonly path: string;
  readonly stats: Stats;
}

/**
 * Resolves `path` within `root` as a process inside would, including links: `..` stops at the root and absolute links
 * restart there. Undefined when the path does not exist.
 * @param refuseEscape fail, in Docker's words, on a path or link that leaves the root or is absolute.
 */
export async function resolveInRoot(
  root: string,
  path: string,
  refuseEscape = false,
): Promise<Rooted | undefined> {
  const pending = path.split('/').reverse();
  const done: string[] = [];
  let stats = await lstat(root);
  let links = 0;
  while (pending.length > 0) {
    const part = pending.pop() ?? '';
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (done.length === 0 && refuseEscape) throw outside(path);
      done.pop();
      continue;
    }
    const found = await lstatOrNothing(join(root, ...done, part));
    if (!found) return undefined;
    if (found.isSymbolicLink()) {
      if (++links > MAX_LINKS) throw invalidParameter(`too many links in ${path}`);
      const target = await readlink(join(root, ...done, part));
      if (target.startsWith('/')) {
        if (refuseEscape) throw outside(path);
        done.length = 0;
      }
      pending.push(...target.split('/').reverse());
      continue;
    }
    done.push(part);
    stats = found;
  }
  if (done.length === 0) stats = await lstat(root);
  else stats = await lstat(join(root, ...done));
  return { path: done.join('/'), stats };
}

/**
 * The path where a file or directory of this name would be created: links within `root` are followed as above, dangling
 * ones too; missing components are used as they are. Absolute, without a trailing slash.
 */
export async function targetInRoot(root: string, path: string): Promise<string> {
  const pending = path.split('/').reverse();
  const done: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const part = pending.pop() ?? '';
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const file = join(root, ...done, part);
    const found = await lstatOrNothing(file);
    if (!found?.isSymbolicLink()) {
      done.push(part);
      continue;
    }
    if (++links > MAX_LINKS) throw invalidParameter(`too many links in ${path}`);
    const target = await readlink(file);
    if (target.startsWith('/')) done.length = 0;
    pending.push(...target.split('/').reverse());
  }
  return `/${done.join('/')}`;
}

const outside = (path: string) => forbidden(`forbidden path outside the build context: ${path} ()`);

async function lstatOrNothing(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

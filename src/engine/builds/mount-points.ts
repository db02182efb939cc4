import { lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Removes the empty files and directories that mounting left in an upper directory. Whatever the layers
 * below have at the same path is kept, and no link is followed, as the process may have created one there.
 */
export function removeMountPoints(upper: string, lower: readonly string[], targets: readonly string[]): void {
  for (const target of targets) {
    for (let path = target; path !== '/' && path !== '.'; path = dirname(path)) {
      const isBelow = lower.some((directory) => statWithin(directory, path) !== undefined);
      if (isBelow || !removeIfEmpty(upper, path)) break;
    }
  }
}

/** @returns whether the path is now empty. */
function removeIfEmpty(root: string, path: string): boolean {
  const stats = statWithin(root, path);
  if (!stats) return true;
  const full = join(root, path);
  if (stats.isDirectory()) {
    if (readdirSync(full).length > 0) return false;
    rmdirSync(full);
    return true;
  }
  if (!stats.isFile() || stats.size > 0) return false;
  unlinkSync(full);
  return true;
}

/** Undefined when the path does not exist, or when one of its parents is not a directory of this tree. */
function statWithin(root: string, path: string) {
  const parts = path.split('/').filter(Boolean);
  let full = root;
  for (const [index, part] of parts.entries()) {
    full = join(full, part);
    const stats = lstatSync(full, { throwIfNoEntry: false });
    if (!stats) return undefined;
    if (index === parts.length - 1) return stats;
    if (!stats.isDirectory()) return undefined;
  }
  return undefined;
}

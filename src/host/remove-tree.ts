import { lstat, opendir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, systemError } from '../core/errors.ts';
import { helperProgram } from './helpers.ts';
import { capture } from './process.ts';

/** Entries up to which no process is started: those of most containers and layers of builds. */
const FEW = 1000;

/**
 * Removes a folder, or a file, that others have filled: no number of names and no depth of folders costs memory here, and
 * names may be longer than a path can be. Fine when there is none.
 * @throws BargeError system.
 */
export async function removeTree(path: string): Promise<void> {
  if (await removeFew(path, { left: FEW })) return;
  const { code, stderr } = await capture(helperProgram('barge-fs'), ['remove', '--root', path]);
  if (code !== 0) throw systemError(`removing ${path}: ${stderr.trim() || `barge-fs exited with ${code}`}`);
}

/** @returns false when there is too much to remove, or something of it cannot be named. */
async function removeFew(path: string, budget: { left: number }): Promise<boolean> {
  try {
    if ((await lstat(path)).isDirectory()) return await empty(path, budget);
    await gone(unlink(path));
    return true;
  } catch (error) {
    switch (errnoOf(error)) {
      case 'ENOENT':
        return true;
      case 'ENAMETOOLONG':
      case 'ENOTEMPTY':
        return false;
      default:
        throw error;
    }
  }
}

/** Only for what is known to be a folder: a link would be followed. */
async function empty(folder: string, budget: { left: number }): Promise<boolean> {
  for await (const entry of await opendir(folder)) {
    if (--budget.left < 0) return false;
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) await gone(unlink(path));
    else if (!(await empty(path, budget))) return false;
  }
  await gone(rmdir(folder));
  return true;
}

/** Somebody else may be removing the same. */
async function gone(removal: Promise<void>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

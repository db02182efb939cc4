import { constants } from 'node:fs';
import { type FileHandle, lstat, open, opendir, rmdir, unlink } from 'node:fs/promises';
import { errnoOf, systemError } from '../../core/errors.ts';
import { helperProgram } from '../helpers.ts';
import type { Processes } from '../process.ts';

/** Entries up to which no process is started: those of most containers and layers of builds. */
const FEW = 1000;
/** Directories below each other, which are open at once. */
const DEPTH = 32;

/**
 * Removes a directory, or a file, that others have filled: no number of names and no depth of directories costs memory here, and
 * names may be longer than a path can be. Fine when there is none. No link is followed, whatever becomes one meanwhile.
 * @throws BargeError system.
 */
export async function removeTree(processes: Pick<Processes, 'capture'>, path: string): Promise<void> {
  if (await removeFew(path, { left: FEW })) return;
  const { exitCode, stderr } = await processes.capture(helperProgram('barge-fs'), ['remove', '--root', path]);
  if (exitCode === 0) return;
  throw systemError(`removing ${path}: ${stderr.trim() || `barge-fs exited with ${exitCode}`}`);
}

/** @returns false when there is too much to remove, or something of it cannot be named. */
async function removeFew(path: string, budget: { left: number }): Promise<boolean> {
  try {
    if ((await lstat(path)).isDirectory()) return await removeDirectory(path, budget, 0);
    await gone(unlink(path));
    return true;
  } catch (error) {
    switch (errnoOf(error)) {
      case 'ENOENT':
        return true;
      case 'ENAMETOOLONG':
      case 'ENOTEMPTY':
      case 'ENOTDIR':
      case 'ELOOP':
        return false;
      default:
        throw error;
    }
  }
}

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

/** Names are reached through the descriptor of their directory: its path may lead elsewhere by now. */
async function removeDirectory(path: string, budget: { left: number }, depth: number): Promise<boolean> {
  if (depth === DEPTH) return false;
  const handle = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    if (!(await empty(handle, budget, depth))) return false;
  } finally {
    await handle.close();
  }
  await gone(rmdir(path));
  return true;
}

async function empty({ fd }: FileHandle, budget: { left: number }, depth: number): Promise<boolean> {
  const directory = `/proc/self/fd/${fd}`;
  for await (const entry of await opendir(directory)) {
    if (--budget.left < 0) return false;
    const path = `${directory}/${entry.name}`;
    if (!entry.isDirectory()) await gone(unlink(path));
    else if (!(await removeDirectory(path, budget, depth + 1))) return false;
  }
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

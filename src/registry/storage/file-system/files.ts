import type { Dirent } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory, writeDurably } from '../../../core/durable.ts';
import { errnoOf } from '../../../core/errors.ts';

/** Resolves to undefined when the file, or a directory on the way to it, is not there. */
export async function ifPresent<T>(action: Promise<T>): Promise<T | undefined> {
  try {
    return await action;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    throw error;
  }
}

export const exists = async (path: string): Promise<boolean> => (await ifPresent(stat(path))) !== undefined;

export const readIfPresent = (path: string): Promise<string | undefined> => ifPresent(readFile(path, 'utf8'));

/** Entries of a directory in no order; none when it is not there. */
export const entriesOf = async (path: string): Promise<Dirent[]> =>
  (await ifPresent(readdir(path, { withFileTypes: true }))) ?? [];

/** Makes a directory and its parents so that they survive a crash. */
export async function ensureDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o755 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made));
}

/** Like `writeDurably`, making the directory first. */
export async function writeInDirectory(path: string, data: string | Uint8Array): Promise<void> {
  await ensureDirectory(dirname(path));
  await writeDurably(path, data);
}

/** Removes a file for good; false when it was not there. */
export async function removeDurably(path: string): Promise<boolean> {
  const removed = await ifPresent(unlink(path).then(() => true));
  if (!removed) return false;
  await syncDirectory(dirname(path));
  return true;
}

export const removeTree = (path: string): Promise<void> => rm(path, { recursive: true, force: true });

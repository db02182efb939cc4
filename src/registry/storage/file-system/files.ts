import type { Dirent } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory, writeDurably } from '../../../core/durable.ts';
import { errnoOf } from '../../../core/errors.ts';

/** Resolves to undefined when the file or one of its parent directories does not exist. */
export async function ifPresent<T>(action: Promise<T>): Promise<T | undefined> {
  try {
    return await action;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    throw error;
  }
}

const _exists = async (path: string): Promise<boolean> => (await ifPresent(stat(path))) !== undefined;

export const readIfPresent = (path: string): Promise<string | undefined> => ifPresent(readFile(path, 'utf8'));

/** Entries of a directory, unordered; empty when it does not exist. */
export const entriesOf = async (path: string): Promise<Dirent[]> =>
  (await ifPresent(readdir(path, { withFileTypes: true }))) ?? [];

/** Durably creates a directory and its parents. */
export async function ensureDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o755 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made));
}

/** Like `writeDurably`, but creates the directory first. */
export async function writeInDirectory(path: string, data: string | Uint8Array): Promise<void> {
  await ensureDirectory(dirname(path));
  await writeDurably(path, data);
}

/** Durably removes a file; false when it did not exist. */
export async function removeDurably(path: string): Promise<boolean> {
  const removed = await ifPresent(unlink(path).then(() => true));
  if (!removed) return false;
  await syncDirectory(dirname(path));
  return true;
}

export const removeTree = (path: string): Promise<void> => rm(path, { recursive: true, force: true });

import { chmodSync, closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { conflict, errnoOf, systemError } from '../core/errors.ts';
import type { DirectoryLock } from './ownership.ts';

/** The file in a locked directory. It stays when the lock goes: removing it would let two processes have one each. */
const NAME = 'lock';
const SQLITE_BUSY = 5;

/**
 * Makes a directory this process's own. The lock is SQLite's on a file there, which the kernel frees however the process
 * ends, and which only those can take who may read the directory's files: mode 0600, not through a link.
 * @param busy what to say when another process has it.
 * @throws BargeError conflict, with `busy`.
 */
export function lockDirectory(path: string, busy: string): DirectoryLock {
  const file = join(path, NAME);
  try {
    closeSync(openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600));
    chmodSync(file, 0o600);
    const database = new DatabaseSync(file);
    try {
      /* Nothing is written, not even a journal: a full disk can be locked, too. */
      database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    } catch (error) {
      database.close();
      throw error;
    }
    return { close: () => database.close() };
  } catch (error) {
    if (isBusy(error)) throw conflict(busy);
    if (errnoOf(error) === 'ELOOP')
      throw systemError(`${file} is a symbolic link: remove it`, { cause: error });
    throw systemError(`locking the directory ${path} failed`, { cause: error });
  }
}

const isBusy = (error: unknown) =>
  error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;

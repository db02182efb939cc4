import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chown, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from '../core/durable.ts';
import { errnoOf, systemError } from '../core/errors.ts';

const PRIVATE_DIRECTORY = 0o700;
const PRIVATE_FILE = 0o600;

/**
 * Creates a directory that only its owner can enter, or restricts an existing one, regardless of the umask.
 * @throws BargeError system when it belongs to another user.
 */
export async function ensurePrivateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: PRIVATE_DIRECTORY });
  await restrict(path, PRIVATE_DIRECTORY, constants.O_DIRECTORY);
}

/**
 * Removes all permissions of group and others from existing files.
 * @throws BargeError system for a link, and for a file of another user.
 */
export async function restrictFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths) await restrict(path, PRIVATE_FILE, constants.O_NOFOLLOW);
}

async function restrict(path: string, mode: number, flags: number): Promise<void> {
  try {
    /* The descriptor, not the name, is checked and changed. O_NONBLOCK: a FIFO in its place must not block. */
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | flags);
    try {
      if (((await file.stat()).mode & 0o7777) !== mode) await file.chmod(mode);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw systemError(
      `making ${path} private (mode ${mode.toString(8)}) failed: run as its owner, or correct it manually`,
      { cause: error },
    );
  }
}

/** Creates an empty file that only its owner can read; an existing file is made private. */
export async function ensurePrivateFile(path: string): Promise<void> {
  await (
    await open(path, constants.O_RDONLY | constants.O_CREAT | constants.O_NOFOLLOW, PRIVATE_FILE)
  ).close();
  await restrictFiles([path]);
}

interface PrivateWrite {
  /** Do not replace an existing file. */
  readonly onlyNew?: boolean;
}

/**
 * Atomically writes a file that only its owner can read. When root writes for another user, the file belongs
 * to the owner of its directory.
 */
export async function writePrivately(
  path: string,
  data: string,
  { onlyNew = false }: PrivateWrite = {},
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', PRIVATE_FILE);
    try {
      await file.chmod(PRIVATE_FILE);
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    if (process.getuid?.() === 0) {
      const { uid, gid } = await stat(dirname(path));
      await chown(temporary, uid, gid);
    }
    if (onlyNew) await linkUnlessThere(temporary, path);
    else await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDirectory(dirname(path));
}

async function linkUnlessThere(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

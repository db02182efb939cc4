import { createWriteStream } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { errnoOf } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';

/**
 * The files of one log. The shim appends to `PATH`; when that is full it becomes `PATH.N` with the next free
 * number, and the oldest ones go. The daemon may make `PATH.N.gz` of a rotated one. A number never changes its
 * contents, so a reader cannot lose its place while the log rotates.
 */
export interface LogFile {
  readonly handle: FileHandle;
  /** The number it has, or will have once it is rotated. */
  readonly number: number;
}

/** Numbers of the rotated files, oldest first. */
export async function rotatedNumbers(path: string): Promise<number[]> {
  const prefix = `${basename(path)}.`;
  const names = await readdir(dirname(path)).catch(noneWhenMissing<string[]>([]));
  const numbers = names
    .filter((name) => name.startsWith(prefix))
    .map((name) => /^(\d+)(\.gz)?$/.exec(name.slice(prefix.length))?.[1])
    .filter((text) => text !== undefined)
    .map(Number);
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** The file being written; undefined before the first output and in the instant between two files. */
export async function openCurrent(path: string): Promise<LogFile | undefined> {
  for (;;) {
    const before = (await rotatedNumbers(path)).at(-1) ?? 0;
    const handle = await openIfThere(path);
    if (!handle) return undefined;
    const after = (await rotatedNumbers(path)).at(-1) ?? 0;
    if (before === after) return { handle, number: after + 1 };
    await handle.close();
  }
}

/** A rotated file, unpacked when it was compressed; undefined when it has gone meanwhile. */
export async function openRotated(path: string, number: number): Promise<LogFile | undefined> {
  const handle =
    (await openIfThere(`${path}.${number}`)) ?? (await openCompressed(`${path}.${number}.gz`, path));
  return handle && { handle, number };
}

/** The file that follows `number`: a rotated one or, when there is none, the one being written. */
export async function openNext(path: string, number: number): Promise<LogFile | undefined> {
  for (const next of await rotatedNumbers(path)) {
    const file = next > number ? await openRotated(path, next) : undefined;
    if (file) return file;
  }
  return await openCurrent(path);
}

export async function isRotated(path: string, { handle }: LogFile): Promise<boolean> {
  const named = await stat(path).catch(noneWhenMissing(undefined));
  return named === undefined ? false : named.ino !== (await handle.stat()).ino;
}

/** When a rotated file was last written, in milliseconds since 1970; undefined when it has gone. */
export async function rotatedAt(path: string, number: number): Promise<number | undefined> {
  const stats = await stat(`${path}.${number}`).catch(noneWhenMissing(undefined));
  return stats?.mtimeMs;
}

/** Compresses the rotated files that are not yet. One that the shim drops meanwhile does not come back. */
export async function compressRotated(path: string): Promise<void> {
  for (const number of await rotatedNumbers(path)) {
    await compressFile(`${path}.${number}`);
  }
}

async function compressFile(plain: string): Promise<void> {
  const source = await openIfThere(plain);
  if (!source) return;
  const temporary = `${plain}.gz.part`;
  await pipeline(source.createReadStream(), createGzip(), createWriteStream(temporary, { mode: 0o640 }));
  await rename(temporary, `${plain}.gz`);
  await unlink(plain).catch(async (error) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
    await rm(`${plain}.gz`, { force: true });
  });
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  return await open(path, 'r').catch(noneWhenMissing(undefined));
}

/** The contents as a nameless file beside the log, which ends with its handle. */
async function openCompressed(packed: string, path: string): Promise<FileHandle | undefined> {
  const source = await openIfThere(packed);
  if (!source) return undefined;
  const temporary = `${path}.unpacked-${newId().slice(0, 12)}`;
  const handle = await open(temporary, 'wx+', 0o600);
  try {
    await unlink(temporary);
    await pipeline(source.createReadStream(), createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) await handle.appendFile(chunk);
    });
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function noneWhenMissing<T>(none: T): (error: unknown) => T {
  return (error) => {
    if (errnoOf(error) === 'ENOENT') return none;
    throw error;
  };
}

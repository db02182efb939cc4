import { createReadStream } from 'node:fs';
import { opendir, readFile, rename, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { syncDirectory } from '../../../core/durable.ts';
import { failsElsewhere } from '../../../core/streams.ts';
import type { ObjectEntry, ObjectInfo, ObjectStore } from '../objects.ts';
import type { ByteRange, WritePiece } from '../storage.ts';
import { ensureDirectory, entriesOf, ifPresent, removeDurably, writeInDirectory } from './files.ts';
import { pourFile } from './pour.ts';

/** Bytes. */
const READ_SIZE = 512 * 1024;
/** Milliseconds. */
const UNFINISHED_AGE = 24 * 3600_000;

/** Temporary names of `writeDurably`. */
const isUnfinished = (name: string): boolean => name.startsWith('.') && name.endsWith('.tmp');

/** Objects as files below a directory, which several machines may share. */
export class FileObjects implements ObjectStore {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  path(key: string): string {
    return join(this.#root, key);
  }

  async stat(key: string): Promise<ObjectInfo | undefined> {
    const found = await ifPresent(stat(this.path(key)));
    return found?.isFile() ? { size: found.size, modified: found.mtimeMs } : undefined;
  }

  load(key: string): Promise<Buffer | undefined> {
    return ifPresent(readFile(this.path(key)));
  }

  read(key: string, range?: ByteRange): Readable {
    return failsElsewhere(createReadStream(this.path(key), { ...range, highWaterMark: READ_SIZE }));
  }

  pour(key: string, range: ByteRange | undefined, write: WritePiece): Promise<void> {
    return pourFile(this.path(key), range, write);
  }

  save(key: string, data: string | Uint8Array): Promise<void> {
    return writeInDirectory(this.path(key), data);
  }

  remove(key: string): Promise<boolean> {
    return removeDurably(this.path(key));
  }

  async move(from: string, to: string): Promise<void> {
    const target = this.path(to);
    await ensureDirectory(dirname(target));
    await rename(this.path(from), target);
    await syncDirectory(dirname(target));
  }

  /** The incomplete files of a killed process are removed after a day. */
  async list(directory: string): Promise<ObjectEntry[]> {
    const entries = await entriesOf(this.path(directory));
    for (const { name } of entries) if (isUnfinished(name)) await this.#removeOld(join(directory, name));
    return entries
      .filter((entry) => !entry.name.startsWith('.'))
      .map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }));
  }

  async #removeOld(key: string): Promise<void> {
    const found = await this.stat(key);
    if (found && Date.now() - found.modified > UNFINISHED_AGE) await this.remove(key);
  }

  async holds(directory: string): Promise<boolean> {
    const opened = await ifPresent(opendir(this.path(directory)));
    if (!opened) return false;
    for await (const entry of opened) {
      if (entry.name.startsWith('.')) continue;
      if (!entry.isDirectory() || (await this.holds(join(directory, entry.name)))) return true;
    }
    return false;
  }

  async touch(key: string): Promise<boolean> {
    const now = new Date();
    return Boolean(await ifPresent(utimes(this.path(key), now, now).then(() => true)));
  }

  async touchedAt(key: string): Promise<number | undefined> {
    return (await this.stat(key))?.modified;
  }
}

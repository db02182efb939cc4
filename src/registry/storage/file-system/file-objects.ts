import { createReadStream } from 'node:fs';
import { opendir, readFile, rename, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { syncFolder } from '../../../core/durable.ts';
import type { ObjectEntry, ObjectInfo, ObjectStore } from '../objects.ts';
import type { ByteRange } from '../storage.ts';
import { ensureFolder, entriesOf, ifPresent, removeDurably, writeInFolder } from './files.ts';

/** Bytes. */
const READ_SIZE = 512 * 1024;

/** Objects as files below one folder, which several machines may share. */
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
    return createReadStream(this.path(key), { ...range, highWaterMark: READ_SIZE });
  }

  save(key: string, data: string | Uint8Array): Promise<void> {
    return writeInFolder(this.path(key), data);
  }

  remove(key: string): Promise<boolean> {
    return removeDurably(this.path(key));
  }

  async move(from: string, to: string): Promise<void> {
    const target = this.path(to);
    await ensureFolder(dirname(target));
    await rename(this.path(from), target);
    await syncFolder(dirname(target));
  }

  async list(folder: string): Promise<ObjectEntry[]> {
    const entries = await entriesOf(this.path(folder));
    return entries
      .filter((entry) => !entry.name.startsWith('.'))
      .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
  }

  async holds(folder: string): Promise<boolean> {
    const opened = await ifPresent(opendir(this.path(folder)));
    if (!opened) return false;
    for await (const entry of opened) {
      if (entry.name.startsWith('.')) continue;
      if (!entry.isDirectory() || (await this.holds(join(folder, entry.name)))) return true;
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

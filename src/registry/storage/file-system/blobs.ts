import { createReadStream } from 'node:fs';
import { stat, utimes } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Digest } from '../../../core/digest.ts';
import type { BlobStorage, ByteRange } from '../storage.ts';
import { ifPresent, removeDurably, writeInFolder } from './files.ts';
import type { KeyedLock } from './keyed-lock.ts';
import type { Layout } from './layout.ts';

const READ_SIZE = 256 * 1024;

/** Milliseconds: a blob that was looked at longer ago is made young again, so that garbage collection spares it. */
const YOUNG = 10 * 60_000;

export class FileBlobs implements BlobStorage {
  readonly #layout: Layout;
  readonly #locks: KeyedLock;

  /** @param locks by digest: held by whoever makes content owned, and by whoever removes it. */
  constructor(layout: Layout, locks: KeyedLock) {
    this.#layout = layout;
    this.#locks = locks;
  }

  async size(repository: string, digest: Digest): Promise<number | undefined> {
    const link = this.#layout.blobLink(repository, digest);
    const owned = await ifPresent(stat(link));
    if (!owned) return undefined;
    if (Date.now() - owned.mtimeMs > YOUNG && !(await this.#rejuvenate(link, digest))) return undefined;
    return (await ifPresent(stat(this.#layout.blob(digest))))?.size;
  }

  /** @returns false when it has gone meanwhile. */
  async #rejuvenate(path: string, digest: Digest): Promise<boolean> {
    const now = new Date();
    return await this.#locks.run(digest, async () =>
      Boolean(await ifPresent(utimes(path, now, now).then(() => true))),
    );
  }

  read(digest: Digest, range?: ByteRange): Readable {
    return readContent(this.#layout, digest, range);
  }

  async mount(repository: string, digest: Digest, from: string): Promise<boolean> {
    if ((await this.size(from, digest)) === undefined) return false;
    if (!(await this.#rejuvenate(this.#layout.blob(digest), digest))) return false;
    await writeInFolder(this.#layout.blobLink(repository, digest), '');
    return true;
  }

  remove(repository: string, digest: Digest): Promise<boolean> {
    return removeDurably(this.#layout.blobLink(repository, digest));
  }
}

/** A stream of content that is known to be there; fails with ENOENT when it is not. */
export function readContent(layout: Layout, digest: Digest, range?: ByteRange): Readable {
  return createReadStream(layout.blob(digest), { ...range, highWaterMark: READ_SIZE });
}

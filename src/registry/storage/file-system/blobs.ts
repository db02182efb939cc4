import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Digest } from '../../../core/digest.ts';
import type { BlobStorage, ByteRange } from '../storage.ts';
import { exists, ifPresent, removeDurably, writeInFolder } from './files.ts';
import type { Layout } from './layout.ts';

const READ_SIZE = 256 * 1024;

export class FileBlobs implements BlobStorage {
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  async size(repository: string, digest: Digest): Promise<number | undefined> {
    if (!(await exists(this.#layout.blobLink(repository, digest)))) return undefined;
    return (await ifPresent(stat(this.#layout.blob(digest))))?.size;
  }

  read(digest: Digest, range?: ByteRange): Readable {
    return readContent(this.#layout, digest, range);
  }

  async mount(repository: string, digest: Digest, from: string): Promise<boolean> {
    if ((await this.size(from, digest)) === undefined) return false;
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

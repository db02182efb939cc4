import type { Readable } from 'node:stream';
import type { Digest } from '../../core/digest.ts';
import { blobLink, contentKey } from './layout.ts';
import { contentLock, type Locks } from './locks.ts';
import type { ObjectStore } from './objects.ts';
import type { BlobStorage, ByteRange, WritePiece } from './storage.ts';

/** Milliseconds: a blob whose last touch is older is touched again on access, so that garbage collection spares it. */
const YOUNG = 10 * 60_000;

export class Blobs implements BlobStorage {
  readonly #objects: ObjectStore;
  readonly #locks: Locks;

  constructor(objects: ObjectStore, locks: Locks) {
    this.#objects = objects;
    this.#locks = locks;
  }

  async size(repository: string, digest: Digest): Promise<number | undefined> {
    const link = blobLink(repository, digest);
    const owned = await this.#objects.stat(link);
    if (!owned) return undefined;
    if (Date.now() - owned.modified > YOUNG && !(await this.#rejuvenate(link, digest))) return undefined;
    return (await this.#objects.stat(contentKey(digest)))?.size;
  }

  async keep(repository: string, digest: Digest): Promise<number | undefined> {
    if (!(await this.#rejuvenate(blobLink(repository, digest), digest))) return undefined;
    return (await this.#objects.stat(contentKey(digest)))?.size;
  }

  /** @returns false when it has been removed meanwhile. */
  async #rejuvenate(key: string, digest: Digest): Promise<boolean> {
    return await this.#locks.run(contentLock(digest), () => this.#objects.touch(key));
  }

  read(digest: Digest, range?: ByteRange): Readable {
    return this.#objects.read(contentKey(digest), range);
  }

  pour(digest: Digest, range: ByteRange | undefined, write: WritePiece): Promise<void> | undefined {
    return this.#objects.pour?.(contentKey(digest), range, write);
  }

  async urlFor(digest: Digest): Promise<string | undefined> {
    return await this.#objects.urlFor?.(contentKey(digest));
  }

  async mount(repository: string, digest: Digest, from: string): Promise<boolean> {
    if ((await this.size(from, digest)) === undefined) return false;
    return await this.adopt(repository, digest);
  }

  /** Whether content with this digest is stored, regardless of its owner. */
  async isStored(digest: Digest): Promise<boolean> {
    return (await this.#objects.stat(contentKey(digest))) !== undefined;
  }

  /** Makes `repository` an owner of stored content; false when there is none. */
  async adopt(repository: string, digest: Digest): Promise<boolean> {
    return await this.#locks.run(contentLock(digest), async () => {
      if (!(await this.#objects.touch(contentKey(digest)))) return false;
      await this.#objects.save(blobLink(repository, digest), '');
      return true;
    });
  }

  remove(repository: string, digest: Digest): Promise<boolean> {
    return this.#objects.remove(blobLink(repository, digest));
  }
}

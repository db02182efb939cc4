import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { systemError } from '../../../core/errors.ts';
import { failsElsewhere } from '../../../core/streams.ts';
import type { ObjectEntry, ObjectInfo, ObjectStore } from '../objects.ts';
import type { ByteRange } from '../storage.ts';
import type { S3Bucket } from './bucket.ts';

/**
 * Objects of a bucket. An object cannot be touched without rewriting it, so an object with content has an empty
 * object of the same name below `touched/`, whose time is that of the last touch.
 */
export class S3Objects implements ObjectStore {
  readonly #bucket: S3Bucket;
  readonly urlFor?: (key: string) => Promise<string>;

  /** @param redirect whether clients may be redirected to the bucket. */
  constructor(bucket: S3Bucket, redirect: boolean) {
    this.#bucket = bucket;
    if (redirect) this.urlFor = (key) => bucket.signedUrl(key);
  }

  stat(key: string): Promise<ObjectInfo | undefined> {
    return this.#bucket.head(key);
  }

  async load(key: string): Promise<Buffer | undefined> {
    const body = await this.#bucket.get(key);
    return body && (await buffer(body));
  }

  read(key: string, range?: ByteRange): Readable {
    return failsElsewhere(Readable.from(this.#pieces(key, range), { objectMode: false }));
  }

  async *#pieces(key: string, range: ByteRange | undefined) {
    const body = await this.#bucket.get(key, range);
    if (!body) throw systemError(`reading ${key} in the bucket failed: it does not exist`);
    yield* body as AsyncIterable<Uint8Array>;
  }

  save(key: string, data: string | Uint8Array): Promise<void> {
    return this.#bucket.put(key, data);
  }

  async remove(key: string): Promise<boolean> {
    const found = await this.#bucket.head(key);
    if (!found) return false;
    await this.#bucket.delete(key);
    if (found.size > 0) await this.#bucket.delete(touchKey(key));
    return true;
  }

  async move(from: string, to: string): Promise<void> {
    await this.#bucket.copy(from, to);
    await this.#bucket.delete(from);
  }

  async list(directory: string): Promise<ObjectEntry[]> {
    const found: ObjectEntry[] = [];
    for await (const { directories, names } of this.#bucket.list(directory)) {
      for (const name of directories) found.push({ name, isDirectory: true });
      for (const name of names) found.push({ name, isDirectory: false });
    }
    return found;
  }

  async holds(directory: string): Promise<boolean> {
    for await (const { names } of this.#bucket.list(directory, { deep: true, limit: 1 }))
      return names.length > 0;
    return false;
  }

  async touch(key: string): Promise<boolean> {
    const found = await this.#bucket.head(key);
    if (!found) return false;
    await this.#bucket.put(found.size === 0 ? key : touchKey(key), '');
    return true;
  }

  async touchedAt(key: string): Promise<number | undefined> {
    const found = await this.#bucket.head(key);
    if (!found || found.size === 0) return found?.modified;
    const touched = await this.#bucket.head(touchKey(key));
    return Math.max(found.modified, touched?.modified ?? 0);
  }
}

const touchKey = (key: string) => `touched/${key}`;

import type { Readable } from 'node:stream';
import type { Digest } from '../../core/digest.ts';
import { contentKey, manifestRecord, referrerKey } from './layout.ts';
import { contentLock, type Locks } from './locks.ts';
import type { ObjectStore } from './objects.ts';
import type { ByteRange, ManifestStorage, NewManifest, StoredManifest } from './storage.ts';

/** Milliseconds. */
const USE_PRECISION = 10 * 60_000;

interface ManifestRecord {
  readonly mediaType: string;
  readonly size: number;
  readonly subject?: Digest;
}

export class Manifests implements ManifestStorage {
  readonly #objects: ObjectStore;
  readonly #locks: Locks;

  constructor(objects: ObjectStore, locks: Locks) {
    this.#objects = objects;
    this.#locks = locks;
  }

  async find(repository: string, digest: Digest): Promise<StoredManifest | undefined> {
    const record = await this.#record(repository, digest);
    return record && { digest, mediaType: record.mediaType, size: record.size };
  }

  async keep(repository: string, digest: Digest): Promise<StoredManifest | undefined> {
    const touch = () => this.#objects.touch(manifestRecord(repository, digest));
    return (await this.#locks.run(contentLock(digest), touch))
      ? await this.find(repository, digest)
      : undefined;
  }

  read(digest: Digest, range?: ByteRange): Readable {
    return this.#objects.read(contentKey(digest), range);
  }

  load(digest: Digest): Promise<Buffer | undefined> {
    return this.#objects.load(contentKey(digest));
  }

  /** The record is written last: a crash leaves either no manifest or a complete one that is listed among the referrers. */
  async put(repository: string, manifest: NewManifest): Promise<void> {
    await this.#locks.run(contentLock(manifest.digest), () => this.#write(repository, manifest));
  }

  async #write(repository: string, manifest: NewManifest): Promise<void> {
    const { digest, mediaType, size, bytes, referrer } = manifest;
    await this.#objects.save(contentKey(digest), bytes);
    if (referrer) {
      const key = referrerKey(repository, referrer.subject, digest);
      await this.#objects.save(key, JSON.stringify(referrer.descriptor));
    }
    const record: ManifestRecord = { mediaType, size, ...(referrer ? { subject: referrer.subject } : {}) };
    await this.#objects.save(manifestRecord(repository, digest), JSON.stringify(record));
  }

  /** Records an access, with the resolution that a cache needs. */
  async use(repository: string, digest: Digest): Promise<void> {
    const key = manifestRecord(repository, digest);
    const touched = await this.#objects.touchedAt(key);
    if (touched !== undefined && Date.now() - touched > USE_PRECISION) await this.#objects.touch(key);
  }

  async remove(repository: string, digest: Digest): Promise<boolean> {
    const record = await this.#record(repository, digest);
    if (record === undefined) return false;
    const removed = await this.#objects.remove(manifestRecord(repository, digest));
    if (record.subject) await this.#objects.remove(referrerKey(repository, record.subject, digest));
    return removed;
  }

  async #record(repository: string, digest: Digest): Promise<ManifestRecord | undefined> {
    const text = await this.#objects.load(manifestRecord(repository, digest));
    return text === undefined ? undefined : (JSON.parse(text.toString()) as ManifestRecord);
  }
}

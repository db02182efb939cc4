import type { Readable } from 'node:stream';
import type { Digest } from '../../../core/digest.ts';
import type { ByteRange, ManifestStorage, NewManifest, StoredManifest } from '../storage.ts';
import { readContent } from './blobs.ts';
import { readIfPresent, removeDurably, writeInFolder } from './files.ts';
import type { KeyedLock } from './keyed-lock.ts';
import type { Layout } from './layout.ts';

interface ManifestRecord {
  readonly mediaType: string;
  readonly size: number;
  readonly subject?: Digest;
}

export class FileManifests implements ManifestStorage {
  readonly #layout: Layout;
  readonly #contentLocks: KeyedLock;

  /** @param contentLocks by digest, shared with garbage collection. */
  constructor(layout: Layout, contentLocks: KeyedLock) {
    this.#layout = layout;
    this.#contentLocks = contentLocks;
  }

  async find(repository: string, digest: Digest): Promise<StoredManifest | undefined> {
    const record = await this.#record(repository, digest);
    return record && { digest, mediaType: record.mediaType, size: record.size };
  }

  read(digest: Digest, range?: ByteRange): Readable {
    return readContent(this.#layout, digest, range);
  }

  /** The record comes last: a crash leaves no manifest, or a whole one with its place among referrers. */
  async put(repository: string, manifest: NewManifest): Promise<void> {
    await this.#contentLocks.run(manifest.digest, () => this.#write(repository, manifest));
  }

  async #write(repository: string, manifest: NewManifest): Promise<void> {
    const { digest, mediaType, size, bytes, referrer } = manifest;
    await writeInFolder(this.#layout.blob(digest), bytes);
    if (referrer) {
      const path = this.#layout.referrer(repository, referrer.subject, digest);
      await writeInFolder(path, JSON.stringify(referrer.descriptor));
    }
    const record: ManifestRecord = { mediaType, size, ...(referrer ? { subject: referrer.subject } : {}) };
    await writeInFolder(this.#layout.manifest(repository, digest), JSON.stringify(record));
  }

  async remove(repository: string, digest: Digest): Promise<boolean> {
    const record = await this.#record(repository, digest);
    if (record === undefined) return false;
    const removed = await removeDurably(this.#layout.manifest(repository, digest));
    if (record.subject) await removeDurably(this.#layout.referrer(repository, record.subject, digest));
    return removed;
  }

  async #record(repository: string, digest: Digest): Promise<ManifestRecord | undefined> {
    const text = await readIfPresent(this.#layout.manifest(repository, digest));
    return text === undefined ? undefined : (JSON.parse(text) as ManifestRecord);
  }
}

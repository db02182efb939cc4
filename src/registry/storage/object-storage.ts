import type { Digest } from '../../core/digest.ts';
import { Blobs } from './blobs.ts';
import { type CheckOptions, checkStore, type Finding } from './check.ts';
import { type Collected, type CollectOptions, collectGarbage } from './collect.ts';
import { type Evicted, type EvictOptions, evict } from './evict.ts';
import { blobLinks, CACHE_MARK, contentKey, manifestRecords, REPOSITORIES } from './layout.ts';
import { COLLECTION_LOCK, type Locks } from './locks.ts';
import { Manifests } from './manifests.ts';
import type { ObjectStore } from './objects.ts';
import { Referrers } from './referrers.ts';
import { type Scrubbed, type ScrubOptions, scrub } from './scrub.ts';
import type { RegistryStorage, UploadStorage } from './storage.ts';
import { Tags } from './tags.ts';
import { digestsIn, repositoryNames } from './walk.ts';

/**
 * A registry's content as named objects; see `layout.ts` for the names. Several processes may use the same
 * objects if they share `locks`.
 */
export class ObjectStorage implements RegistryStorage {
  readonly blobs: Blobs;
  readonly uploads: UploadStorage;
  readonly manifests: Manifests;
  readonly tags: Tags;
  readonly referrers: Referrers;
  readonly #objects: ObjectStore;
  readonly #locks: Locks;

  constructor(objects: ObjectStore, uploads: UploadStorage, locks: Locks) {
    this.#objects = objects;
    this.#locks = locks;
    this.uploads = uploads;
    this.blobs = new Blobs(objects, locks);
    this.manifests = new Manifests(objects, locks);
    this.tags = new Tags(objects, locks);
    this.referrers = new Referrers(objects);
  }

  async repositories(): Promise<string[]> {
    const names = await repositoryNames(this.#objects);
    const found: string[] = [];
    for (const name of names) if (await this.#objects.holds(manifestRecords(name))) found.push(name);
    return found;
  }

  /** First components of the names of all repositories. */
  async namespaces(): Promise<string[]> {
    const entries = await this.#objects.list(REPOSITORIES);
    return entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  }

  async usage(namespaces: readonly string[]): Promise<number> {
    const isBelow = (name: string) => namespaces.some((space) => name.startsWith(`${space}/`));
    const counted = new Set<Digest>();
    let bytes = await this.uploads.usage(isBelow);
    for (const space of namespaces) {
      for (const repository of (await repositoryNames(this.#objects, space)).filter(isBelow)) {
        for (const directory of [blobLinks(repository), manifestRecords(repository)]) {
          bytes += await this.#sizeOf(await digestsIn(this.#objects, directory), counted);
        }
      }
    }
    return bytes;
  }

  async #sizeOf(digests: readonly Digest[], counted: Set<Digest>): Promise<number> {
    let bytes = 0;
    for (const digest of digests) {
      if (counted.has(digest)) continue;
      counted.add(digest);
      bytes += (await this.#objects.stat(contentKey(digest)))?.size ?? 0;
    }
    return bytes;
  }

  /**
   * Removes unreachable content while requests are served.
   * @returns undefined when another process is already doing so.
   */
  collect(options: CollectOptions): Promise<Collected | undefined> {
    const store = { objects: this.#objects, storage: this, locks: this.#locks };
    return this.#locks.attempt(COLLECTION_LOCK, () => collectGarbage(store, options));
  }

  /** In a cache: removes the least recently used content. @returns undefined when another process is already doing so. */
  evict(options: EvictOptions): Promise<Evicted | undefined> {
    const store = { objects: this.#objects, storage: this, locks: this.#locks };
    return this.#locks.attempt(COLLECTION_LOCK, () => evict(store, options));
  }

  /** Checks the whole store for inconsistencies. */
  check(options: CheckOptions): AsyncGenerator<Finding> {
    return checkStore(this.#objects, this, this.#locks, options);
  }

  /** Verifies all content. @returns undefined when another process is already doing so. */
  scrub(options: ScrubOptions): Promise<Scrubbed | undefined> {
    return this.#locks.attempt('scrub', () => scrub(this.#objects, this.#locks, options));
  }

  /** @throws when the store is currently not writable. */
  async probe(): Promise<void> {
    await this.#objects.save('.probe', '');
  }

  /** The registry that this store is a cache of. */
  async cachedOrigin(): Promise<string | undefined> {
    return (await this.#objects.load(CACHE_MARK))?.toString();
  }

  async markAsCache(origin: string): Promise<void> {
    await this.#objects.save(CACHE_MARK, origin);
  }
}

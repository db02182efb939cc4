import type { Digest } from '../../core/digest.ts';
import { type RetentionRule, tagsToDrop } from '../retention.ts';
import { blobLink, blobLinks, contentKey, manifestRecord } from './layout.ts';
import { contentLock, type Locks } from './locks.ts';
import type { ObjectStore } from './objects.ts';
import { type RepositoryContent, reachableFrom, repositoryContent } from './reachable.ts';
import type { RegistryStorage } from './storage.ts';
import { digestsIn, repositoryNames, storedContent } from './walk.ts';

export interface CollectOptions {
  /** Milliseconds for which unreferenced content is kept: longer than any push takes. */
  readonly grace: number;
  /** Milliseconds after which an untagged manifest is removed; undefined: never. */
  readonly untagged?: number | undefined;
  /** Retention rules of a repository's tags; manifests that lose their last tag follow after `untagged`, or `grace`. */
  readonly retention?: ((repository: string) => Promise<readonly RetentionRule[]>) | undefined;
  /** Only count, remove nothing. */
  readonly dryRun?: boolean;
  /** Stops the work between two objects. */
  readonly signal?: AbortSignal;
}

export interface Collected {
  readonly tags: number;
  readonly manifests: number;
  /** Number of removed ownerships of blobs. */
  readonly links: number;
  /** Number of removed contents without an owner, and their bytes. */
  readonly contents: number;
  readonly bytes: number;
  /** `repository@digest` of unreadable manifests, whose repositories were skipped. */
  readonly damaged: readonly string[];
}

interface Store {
  readonly objects: ObjectStore;
  readonly storage: RegistryStorage;
  readonly locks: Locks;
}

/**
 * Removes unreachable content while requests are served. A request that checks or mounts a blob touches
 * it (see `Blobs`), under the same locks, so content that a push relies on is not removed.
 */
export async function collectGarbage(store: Store, options: CollectOptions): Promise<Collected> {
  return await new Collection(store, options).all();
}

class Collection {
  readonly #objects: ObjectStore;
  readonly #storage: RegistryStorage;
  readonly #locks: Locks;
  readonly #options: CollectOptions;
  readonly #now = Date.now();
  readonly #owned = new Set<Digest>();
  readonly #damaged: string[] = [];
  readonly #removed = { tags: 0, manifests: 0, links: 0, contents: 0, bytes: 0 };

  constructor({ objects, storage, locks }: Store, options: CollectOptions) {
    this.#objects = objects;
    this.#storage = storage;
    this.#locks = locks;
    this.#options = options;
  }

  async all(): Promise<Collected> {
    for (const repository of await repositoryNames(this.#objects)) {
      this.#options.signal?.throwIfAborted();
      await this.#repository(repository);
    }
    for await (const digest of storedContent(this.#objects)) {
      this.#options.signal?.throwIfAborted();
      if (!this.#owned.has(digest)) await this.#content(digest);
    }
    return { ...this.#removed, damaged: this.#damaged };
  }

  async #repository(repository: string): Promise<void> {
    const content = await repositoryContent(this.#objects, this.#storage, repository);
    this.#damaged.push(...content.damaged.map((digest) => `${repository}@${digest}`));
    const isWhole = content.damaged.length === 0;
    const gone = isWhole ? await this.#untagged(repository, content) : new Set<Digest>();
    for (const digest of [...content.manifests.keys(), ...content.damaged]) {
      if (!gone.has(digest)) this.#owned.add(digest);
    }
    const kept = [...content.manifests.values()].filter(({ digest }) => !gone.has(digest));
    const needed = new Set(kept.flatMap(({ blobs }) => blobs));
    for (const digest of await digestsIn(this.#objects, blobLinks(repository))) {
      const keep = !isWhole || needed.has(digest) || !(await this.#unlink(repository, digest));
      if (keep) this.#owned.add(digest);
    }
  }

  async #untagged(repository: string, content: RepositoryContent): Promise<ReadonlySet<Digest>> {
    const gone = new Set<Digest>();
    const rules = (await this.#options.retention?.(repository)) ?? [];
    const age = this.#options.untagged ?? (rules.length > 0 ? this.#options.grace : undefined);
    if (age === undefined) return gone;
    const reachable = reachableFrom(await this.#keptTags(repository, rules), content);
    for (const digest of content.manifests.keys()) {
      if (reachable.has(digest) || !(await this.#removeManifest(repository, digest, age))) continue;
      gone.add(digest);
      this.#removed.manifests++;
    }
    return gone;
  }

  /** Removes the tags that `rules` do not keep. @returns the targets of the others. */
  async #keptTags(repository: string, rules: readonly RetentionRule[]): Promise<Digest[]> {
    const { tags } = this.#storage;
    const names = (await tags.list(repository)) ?? [];
    const drop = new Set<string>();
    if (rules.length > 0) {
      const dated = await Promise.all(
        names.map(async (tag) => ({ tag, at: await tags.setAt(repository, tag) })),
      );
      for (const tag of tagsToDrop(dated, rules, this.#now)) drop.add(tag);
    }
    const kept: Digest[] = [];
    for (const tag of names) {
      const dropped =
        drop.has(tag) && (this.#options.dryRun || (await tags.remove(repository, tag, this.#now)));
      if (dropped) this.#removed.tags++;
      const digest = dropped ? undefined : await tags.resolve(repository, tag);
      if (digest) kept.push(digest);
    }
    return kept;
  }

  /** A push of the same manifest holds the same lock, and touches it. @returns whether it was old enough. */
  async #removeManifest(repository: string, digest: Digest, age: number): Promise<boolean> {
    return await this.#locks.run(contentLock(digest), async () => {
      if (!(await this.#isOld(manifestRecord(repository, digest), age))) return false;
      if (!this.#options.dryRun) await this.#storage.manifests.remove(repository, digest);
      return true;
    });
  }

  /** @returns whether the repository has lost the blob. */
  async #unlink(repository: string, digest: Digest): Promise<boolean> {
    return await this.#locks.run(contentLock(digest), async () => {
      const key = blobLink(repository, digest);
      if (!(await this.#isOld(key, this.#options.grace))) return false;
      this.#removed.links++;
      if (!this.#options.dryRun) await this.#objects.remove(key);
      return true;
    });
  }

  async #content(digest: Digest): Promise<void> {
    await this.#locks.run(contentLock(digest), async () => {
      const key = contentKey(digest);
      const found = await this.#objects.stat(key);
      if (!found || !(await this.#isOld(key, this.#options.grace))) return;
      this.#removed.contents++;
      this.#removed.bytes += found.size;
      if (!this.#options.dryRun) await this.#objects.remove(key);
    });
  }

  async #isOld(key: string, age: number): Promise<boolean> {
    const touched = await this.#objects.touchedAt(key);
    return touched !== undefined && this.#now - touched >= age;
  }
}

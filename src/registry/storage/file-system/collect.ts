import { stat, unlink } from 'node:fs/promises';
import type { Digest } from '../../../core/digest.ts';
import type { RegistryStorage } from '../storage.ts';
import { ifPresent, removeDurably } from './files.ts';
import type { KeyedLock } from './keyed-lock.ts';
import type { Layout } from './layout.ts';
import { reachableFrom, repositoryContent } from './reachable.ts';
import { digestsIn, repositoryNames, storedContent } from './walk.ts';

export interface CollectOptions {
  /** Milliseconds for which content that nobody names is kept: longer than any push takes. */
  readonly grace: number;
  /** Milliseconds after which a manifest goes that no tag leads to; undefined: never. */
  readonly untagged?: number;
  /** Only counts. */
  readonly dryRun?: boolean;
  /** Ends the work between two files. */
  readonly signal?: AbortSignal;
}

export interface Collected {
  readonly manifests: number;
  /** Blobs that repositories do not own any more. */
  readonly links: number;
  /** Content that nobody owned, and its bytes. */
  readonly contents: number;
  readonly bytes: number;
  /** `repository@digest` of manifests that cannot be read: their repositories were left as they are. */
  readonly damaged: readonly string[];
}

/**
 * Removes what nobody can reach any more, while requests are served. Whoever looks at a blob or mounts it makes
 * it young again (see `FileBlobs`), under the same locks, so what a push relies on is not taken from it.
 */
export async function collectGarbage(
  layout: Layout,
  storage: RegistryStorage,
  locks: KeyedLock,
  options: CollectOptions,
): Promise<Collected> {
  const run = new Collection(layout, storage, locks, options);
  return await run.all();
}

class Collection {
  readonly #layout: Layout;
  readonly #storage: RegistryStorage;
  readonly #locks: KeyedLock;
  readonly #options: CollectOptions;
  readonly #now = Date.now();
  readonly #owned = new Set<Digest>();
  readonly #damaged: string[] = [];
  #manifests = 0;
  #links = 0;
  #contents = 0;
  #bytes = 0;

  constructor(layout: Layout, storage: RegistryStorage, locks: KeyedLock, options: CollectOptions) {
    this.#layout = layout;
    this.#storage = storage;
    this.#locks = locks;
    this.#options = options;
  }

  async all(): Promise<Collected> {
    for (const repository of await repositoryNames(this.#layout)) {
      this.#options.signal?.throwIfAborted();
      await this.#repository(repository);
    }
    for await (const digest of storedContent(this.#layout)) {
      this.#options.signal?.throwIfAborted();
      if (!this.#owned.has(digest)) await this.#content(digest);
    }
    return {
      manifests: this.#manifests,
      links: this.#links,
      contents: this.#contents,
      bytes: this.#bytes,
      damaged: this.#damaged,
    };
  }

  async #repository(repository: string): Promise<void> {
    const content = await repositoryContent(this.#layout, this.#storage, repository);
    this.#damaged.push(...content.damaged.map((digest) => `${repository}@${digest}`));
    const isWhole = content.damaged.length === 0;
    const gone = isWhole ? await this.#untagged(repository, content) : new Set<Digest>();
    for (const digest of [...content.manifests.keys(), ...content.damaged]) {
      if (!gone.has(digest)) this.#owned.add(digest);
    }
    const kept = [...content.manifests.values()].filter(({ digest }) => !gone.has(digest));
    const needed = new Set(kept.flatMap(({ blobs }) => blobs));
    for (const digest of await digestsIn(this.#layout.blobLinks(repository))) {
      const keep = !isWhole || needed.has(digest) || !(await this.#unlink(repository, digest));
      if (keep) this.#owned.add(digest);
    }
  }

  async #untagged(
    repository: string,
    content: Awaited<ReturnType<typeof repositoryContent>>,
  ): Promise<ReadonlySet<Digest>> {
    const gone = new Set<Digest>();
    const { untagged, dryRun } = this.#options;
    if (untagged === undefined) return gone;
    const tagged: Digest[] = [];
    for (const tag of (await this.#storage.tags.list(repository)) ?? []) {
      const digest = await this.#storage.tags.resolve(repository, tag);
      if (digest) tagged.push(digest);
    }
    const reachable = reachableFrom(tagged, content);
    for (const digest of content.manifests.keys()) {
      if (reachable.has(digest) || !(await this.#isOld(this.#layout.manifest(repository, digest), untagged)))
        continue;
      gone.add(digest);
      this.#manifests++;
      if (!dryRun) await this.#storage.manifests.remove(repository, digest);
    }
    return gone;
  }

  /** @returns whether the repository has lost the blob. */
  async #unlink(repository: string, digest: Digest): Promise<boolean> {
    return await this.#locks.run(digest, async () => {
      const path = this.#layout.blobLink(repository, digest);
      if (!(await this.#isOld(path, this.#options.grace))) return false;
      this.#links++;
      if (!this.#options.dryRun) await removeDurably(path);
      return true;
    });
  }

  async #content(digest: Digest): Promise<void> {
    await this.#locks.run(digest, async () => {
      const path = this.#layout.blob(digest);
      const found = await ifPresent(stat(path));
      if (!found || this.#now - found.mtimeMs < this.#options.grace) return;
      this.#contents++;
      this.#bytes += found.size;
      if (!this.#options.dryRun) await ifPresent(unlink(path));
    });
  }

  async #isOld(path: string, age: number): Promise<boolean> {
    const found = await ifPresent(stat(path));
    return found !== undefined && this.#now - found.mtimeMs >= age;
  }
}

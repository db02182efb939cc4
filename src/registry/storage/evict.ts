import type { Digest } from '../../core/digest.ts';
import { blobLink, blobLinks, contentKey, manifestRecord, manifestRecords } from './layout.ts';
import { contentLock, type Locks } from './locks.ts';
import type { ObjectStore } from './objects.ts';
import type { RegistryStorage } from './storage.ts';
import { digestsIn, repositoryNames, storedContent } from './walk.ts';

export interface EvictOptions {
  /** Maximum bytes of the cache; undefined: no limit. */
  readonly maxBytes?: number | undefined;
  /** Milliseconds after which unused content is removed; undefined: never. */
  readonly maxAge?: number | undefined;
  /** Milliseconds for which content without an owner is kept: longer than a download takes. */
  readonly grace: number;
}

export interface Evicted {
  readonly blobs: number;
  readonly manifests: number;
  /** Bytes of content without an owner. */
  readonly bytes: number;
}

interface Store {
  readonly objects: ObjectStore;
  readonly storage: RegistryStorage;
  readonly locks: Locks;
}

interface Cached {
  readonly key: string;
  readonly repository: string;
  readonly digest: Digest;
  readonly isManifest: boolean;
  readonly size: number;
  readonly touched: number;
}

/** Fraction of the maximum size to reduce the cache to, so that the next download does not exceed it again. */
const ENOUGH = 0.9;

/** Removes the least recently used manifests and blobs from a cache: the next request fetches them again. */
export async function evict(store: Store, { maxBytes, maxAge, grace }: EvictOptions): Promise<Evicted> {
  const { objects, locks } = store;
  const now = Date.now();
  const cached = await everything(objects);
  cached.sort((a, b) => a.touched - b.touched);
  const total = sizeOf(cached);
  let surplus = maxBytes !== undefined && total > maxBytes ? total - maxBytes * ENOUGH : 0;
  const gone = { blobs: 0, manifests: 0, bytes: 0 };
  const owners = Map.groupBy(cached, ({ digest }) => digest);
  const left = new Map([...owners].map(([digest, entries]) => [digest, entries.length]));
  for (const entry of cached) {
    const isOld = maxAge !== undefined && now - entry.touched >= maxAge;
    if (!isOld && surplus <= 0) continue;
    await remove(store, entry);
    gone[entry.isManifest ? 'manifests' : 'blobs']++;
    const others = (left.get(entry.digest) ?? 1) - 1;
    left.set(entry.digest, others);
    if (others === 0) surplus -= entry.size;
  }
  for await (const digest of storedContent(objects)) {
    if ((left.get(digest) ?? 0) > 0) continue;
    const entries = owners.get(digest);
    gone.bytes += await locks.run(contentLock(digest), async () => {
      for (const { key } of entries ?? []) if (await objects.stat(key)) return 0;
      return await removeContent(objects, digest, entries ? now : now - grace);
    });
  }
  return gone;
}

async function everything(objects: ObjectStore): Promise<Cached[]> {
  const found: Cached[] = [];
  for (const repository of await repositoryNames(objects)) {
    const kinds = [
      { directory: manifestRecords(repository), keyOf: manifestRecord, isManifest: true },
      { directory: blobLinks(repository), keyOf: blobLink, isManifest: false },
    ];
    for (const { directory, keyOf, isManifest } of kinds) {
      for (const digest of await digestsIn(objects, directory)) {
        const key = keyOf(repository, digest);
        const touched = await objects.touchedAt(key);
        const size = (await objects.stat(contentKey(digest)))?.size ?? 0;
        if (touched !== undefined) found.push({ key, repository, digest, isManifest, size, touched });
      }
    }
  }
  return found;
}

/** Bytes of cached content; content of several repositories counts once. */
function sizeOf(cached: readonly Cached[]): number {
  const sizes = new Map(cached.map(({ digest, size }) => [digest, size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

async function remove({ objects, storage, locks }: Store, entry: Cached): Promise<void> {
  await locks.run(contentLock(entry.digest), async () => {
    if (entry.isManifest) await storage.manifests.remove(entry.repository, entry.digest);
    else await objects.remove(entry.key);
  });
}

/** @param before content touched later is kept. @returns the number of removed bytes. */
async function removeContent(objects: ObjectStore, digest: Digest, before: number): Promise<number> {
  const key = contentKey(digest);
  const found = await objects.stat(key);
  const touched = await objects.touchedAt(key);
  if (!found || touched === undefined || touched > before) return 0;
  await objects.remove(key);
  return found.size;
}

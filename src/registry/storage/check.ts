import type { Digest } from '../../core/digest.ts';
import { blobLinks, CACHE_MARK, contentKey } from './layout.ts';
import type { Locks } from './locks.ts';
import type { ObjectStore } from './objects.ts';
import { repositoryContent } from './reachable.ts';
import type { RegistryStorage } from './storage.ts';
import { actualDigest, quarantine } from './verify.ts';
import { digestsIn, repositoryNames, storedContent } from './walk.ts';

export interface CheckOptions {
  /** Whether to verify the digests of all content. */
  readonly deep?: boolean;
  /** Whether to move content with a wrong digest away, so that the next push restores it. */
  readonly repair?: boolean;
  readonly signal?: AbortSignal;
}

/** An inconsistency in the store. */
export interface Finding {
  /** `repository`, `repository:tag`, `repository@digest` or `digest`. */
  readonly where: string;
  readonly what: string;
}

/** Checks the whole store; changes nothing unless repair is requested. */
export async function* checkStore(
  objects: ObjectStore,
  storage: RegistryStorage,
  locks: Locks,
  options: CheckOptions,
): AsyncGenerator<Finding> {
  /* A cache contains only requested content: it lacks parts of images by design. */
  const isWhole = (await objects.stat(CACHE_MARK)) === undefined;
  for (const repository of await repositoryNames(objects)) {
    options.signal?.throwIfAborted();
    yield* checkRepository(objects, storage, repository, isWhole);
  }
  if (!options.deep) return;
  for await (const digest of storedContent(objects)) {
    options.signal?.throwIfAborted();
    const actual = await actualDigest(objects, digest);
    if (actual === digest || actual === undefined) continue;
    const moved = options.repair && (await quarantine(objects, locks, digest));
    yield {
      where: digest,
      what: `its bytes have the digest ${actual}${moved ? '; moved to quarantine/' : ''}`,
    };
  }
}

async function* checkRepository(
  objects: ObjectStore,
  storage: RegistryStorage,
  repository: string,
  isWhole: boolean,
): AsyncGenerator<Finding> {
  const { manifests, damaged } = await repositoryContent(objects, storage, repository);
  for (const digest of damaged) {
    yield { where: `${repository}@${digest}`, what: 'the manifest is missing or cannot be read' };
  }
  for (const { digest, blobs, manifests: children } of isWhole ? manifests.values() : []) {
    const where = `${repository}@${digest}`;
    for (const blob of blobs) {
      if ((await storage.blobs.size(repository, blob)) === undefined)
        yield { where, what: `lacks the blob ${blob}` };
    }
    for (const child of children) {
      if (!manifests.has(child) && !damaged.includes(child))
        yield { where, what: `lacks the manifest ${child}` };
    }
  }
  for (const digest of await digestsIn(objects, blobLinks(repository))) {
    if (!(await objects.stat(contentKey(digest)))) {
      yield { where: `${repository}@${digest}`, what: 'the blob’s content is missing' };
    }
  }
  yield* checkTags(storage, repository);
}

async function* checkTags(
  { tags, manifests }: Pick<RegistryStorage, 'tags' | 'manifests'>,
  repository: string,
): AsyncGenerator<Finding> {
  for (const tag of (await tags.list(repository)) ?? []) {
    const digest: Digest | undefined = await tags.resolve(repository, tag);
    if (digest && (await manifests.find(repository, digest))) continue;
    yield {
      where: `${repository}:${tag}`,
      what: `the tag points to ${digest ?? 'nothing'}, which does not exist`,
    };
  }
}

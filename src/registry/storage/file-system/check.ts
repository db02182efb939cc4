import { createReadStream } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { algorithmOf, type Digest, Digester } from '../../../core/digest.ts';
import { syncFolder } from '../../../core/durable.ts';
import type { RegistryStorage } from '../storage.ts';
import { ifPresent } from './files.ts';
import type { Layout } from './layout.ts';
import { repositoryContent } from './reachable.ts';
import { digestsIn, repositoryNames, storedContent } from './walk.ts';

export interface CheckOptions {
  /** Read all content and compare its digest. */
  readonly deep?: boolean;
  /** Move content whose digest is another one away, so that the next push brings it anew. */
  readonly repair?: boolean;
  readonly signal?: AbortSignal;
}

/** Something that is not as it must be. */
export interface Finding {
  /** `repository`, `repository:tag`, `repository@digest` or `digest`. */
  readonly where: string;
  readonly what: string;
}

/** Looks through everything that is stored; changes nothing unless told to repair. */
export async function* checkStore(
  layout: Layout,
  storage: RegistryStorage,
  options: CheckOptions,
): AsyncGenerator<Finding> {
  for (const repository of await repositoryNames(layout)) {
    options.signal?.throwIfAborted();
    yield* checkRepository(layout, storage, repository);
  }
  if (!options.deep) return;
  for await (const digest of storedContent(layout)) {
    options.signal?.throwIfAborted();
    const actual = await digestOfFile(layout.blob(digest), digest);
    if (actual === digest || actual === undefined) continue;
    if (options.repair) await quarantine(layout, digest);
    yield {
      where: digest,
      what: `its bytes have the digest ${actual}${options.repair ? '; moved to quarantine/' : ''}`,
    };
  }
}

async function* checkRepository(
  layout: Layout,
  storage: RegistryStorage,
  repository: string,
): AsyncGenerator<Finding> {
  const { manifests, damaged } = await repositoryContent(layout, storage, repository);
  for (const digest of damaged) {
    yield { where: `${repository}@${digest}`, what: 'the manifest is missing or cannot be read' };
  }
  for (const { digest, blobs, manifests: children } of manifests.values()) {
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
  for (const digest of await digestsIn(layout.blobLinks(repository))) {
    if (!(await ifPresent(stat(layout.blob(digest))))) {
      yield { where: `${repository}@${digest}`, what: 'the blob’s content is missing' };
    }
  }
  for (const tag of (await storage.tags.list(repository)) ?? []) {
    const digest = await storage.tags.resolve(repository, tag);
    if (!digest || !(await storage.manifests.find(repository, digest))) {
      yield {
        where: `${repository}:${tag}`,
        what: `the tag leads to ${digest ?? 'nothing'}, which is not there`,
      };
    }
  }
}

/** undefined when it has gone meanwhile. */
async function digestOfFile(path: string, expected: Digest): Promise<Digest | undefined> {
  const digester = new Digester(algorithmOf(expected));
  const read = async () => {
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) digester.update(piece);
    return digester.digest();
  };
  return await ifPresent(read());
}

async function quarantine(layout: Layout, digest: Digest): Promise<void> {
  const folder = join(layout.root, 'quarantine');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await rename(layout.blob(digest), join(folder, digest.replace(':', '-')));
  await syncFolder(folder);
}

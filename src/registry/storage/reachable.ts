import type { Digest } from '../../core/digest.ts';
import { parseManifestDocument } from '../manifest-document.ts';
import { contentKey, manifestRecords } from './layout.ts';
import type { ObjectStore } from './objects.ts';
import type { RegistryStorage } from './storage.ts';
import { digestsIn } from './walk.ts';

/** A repository's manifest and the content that it names. */
interface KnownManifest {
  readonly digest: Digest;
  readonly blobs: readonly Digest[];
  readonly manifests: readonly Digest[];
  readonly subject?: Digest;
}

/** A repository's manifests; `damaged` are unreadable ones, whose references are unknown. */
export interface RepositoryContent {
  readonly manifests: ReadonlyMap<Digest, KnownManifest>;
  readonly damaged: readonly Digest[];
}

export async function repositoryContent(
  objects: ObjectStore,
  storage: Pick<RegistryStorage, 'manifests'>,
  repository: string,
): Promise<RepositoryContent> {
  const manifests = new Map<Digest, KnownManifest>();
  const damaged: Digest[] = [];
  for (const digest of await digestsIn(objects, manifestRecords(repository))) {
    const record = await storage.manifests.find(repository, digest);
    if (!record) continue;
    const bytes = await objects.load(contentKey(digest));
    try {
      const document = parseManifestDocument(bytes ?? Buffer.alloc(0), record.mediaType);
      manifests.set(digest, {
        digest,
        blobs: document.blobs.map((blob) => blob.digest),
        manifests: document.manifests.map((child) => child.digest),
        ...(document.subject ? { subject: document.subject } : {}),
      });
    } catch {
      damaged.push(digest);
    }
  }
  return { manifests, damaged };
}

/** Manifests reachable from a tag: directly, as part of an index, or as a referrer of a reachable manifest. */
export function reachableFrom(
  tagged: Iterable<Digest>,
  { manifests }: RepositoryContent,
): ReadonlySet<Digest> {
  const referrers = Map.groupBy(manifests.values(), ({ subject }) => subject);
  const found = new Set<Digest>();
  const waiting = [...tagged];
  for (let digest = waiting.pop(); digest; digest = waiting.pop()) {
    if (found.has(digest)) continue;
    found.add(digest);
    waiting.push(...(manifests.get(digest)?.manifests ?? []));
    waiting.push(...(referrers.get(digest) ?? []).map((referrer) => referrer.digest));
  }
  return found;
}

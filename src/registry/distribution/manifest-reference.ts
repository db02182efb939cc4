import { type Digest, isDigest } from '../../core/digest.ts';
import { isTag } from '../../core/reference.ts';
import { type Exchange, parseDigestText } from '../exchange.ts';
import { registryError } from '../registry-error.ts';
import type { RegistryStorage, StoredManifest } from '../storage/storage.ts';

/** The reference to a manifest in a path. */
export type ManifestReference = { readonly digest: Digest } | { readonly tag: string };

/** @throws RegistryError DIGEST_INVALID, MANIFEST_INVALID. */
export function referenceOf(exchange: Exchange): ManifestReference {
  const text = exchange.params.reference ?? '';
  if (isDigest(text) || text.includes(':')) return { digest: parseDigestText(text) };
  if (isTag(text)) return { tag: text };
  throw registryError('MANIFEST_INVALID', 'invalid tag', { tag: text });
}

/** @throws RegistryError MANIFEST_UNKNOWN. */
export async function findManifest(
  storage: Pick<RegistryStorage, 'manifests' | 'tags'>,
  repository: string,
  reference: ManifestReference,
): Promise<StoredManifest> {
  const digest =
    'digest' in reference ? reference.digest : await storage.tags.resolve(repository, reference.tag);
  const manifest = digest && (await storage.manifests.find(repository, digest));
  if (!manifest) throw manifestUnknown(repository, reference);
  return manifest;
}

export const manifestUnknown = (name: string, reference: ManifestReference) =>
  registryError('MANIFEST_UNKNOWN', 'manifest unknown', { name, ...reference });

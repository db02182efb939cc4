import type { Descriptor } from '../api/oci-image.ts';
import type { Digest } from '../core/digest.ts';
import type { ManifestDocument } from './manifest-document.ts';
import type { NewManifest } from './storage/storage.ts';

/** A manifest for the storage, with its descriptor for its subject's list of referrers. */
export function newManifest(digest: Digest, bytes: Uint8Array, document: ManifestDocument): NewManifest {
  const { mediaType, subject, artifactType, annotations } = document;
  const stored = { digest, mediaType, size: bytes.byteLength, bytes };
  if (!subject) return stored;
  const descriptor: Descriptor = {
    mediaType,
    digest,
    size: stored.size,
    ...(artifactType ? { artifactType } : {}),
    ...(annotations ? { annotations } : {}),
  };
  return { ...stored, referrer: { subject, descriptor } };
}

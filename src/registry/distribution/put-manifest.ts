import { createHash } from 'node:crypto';
import { type Descriptor, MAX_MANIFEST_SIZE } from '../../api/oci-image.ts';
import { algorithmOf, type Digest } from '../../core/digest.ts';
import { readBounded } from '../../http/read-bounded.ts';
import { type Handler, repositoryOf } from '../exchange.ts';
import { type ManifestDocument, parseManifestDocument } from '../manifest-document.ts';
import { newManifest } from '../new-manifest.ts';
import { type ErrorItem, RegistryError, registryError } from '../registry-error.ts';
import { changeOf, type Rules } from '../rules.ts';
import type { RegistryStorage } from '../storage/storage.ts';
import { type ManifestReference, referenceOf } from './manifest-reference.ts';

/** Maximum missing parts in the response; a hostile manifest may lack a hundred thousand. */
const MAX_MISSING = 100;

type Storage = Pick<RegistryStorage, 'manifests' | 'tags' | 'blobs'>;

/** PUT /v2/<name>/manifests/<reference> (end-7). */
export function putManifest(storage: Storage, rules: Rules): Handler {
  return async (exchange) => {
    const repository = repositoryOf(exchange);
    const reference = referenceOf(exchange);
    const bytes = await readBounded(exchange.request, MAX_MANIFEST_SIZE);
    if (bytes === undefined) throw tooLarge();
    const digest = verifiedDigest(bytes, reference);
    const document = parseManifestDocument(bytes, exchange.request.headers['content-type']);
    await requireContent(storage, repository, document);
    if ('tag' in reference) await requireMovable(storage, rules, repository, reference.tag, digest);
    const isThere = (await storage.manifests.find(repository, digest)) !== undefined;
    if (!isThere) await rules.assertRoomFor(repository, bytes.byteLength);
    await storage.manifests.put(repository, newManifest(digest, bytes, document));
    if ('tag' in reference) await setTag(storage, rules, repository, reference.tag, digest);
    const { mediaType } = document;
    const change = { action: 'push', repository, digest, mediaType, size: bytes.byteLength } as const;
    await rules.noteChange(exchange, { ...change, ...changeOf(reference) });
    exchange.response.empty(201, {
      Location: `/v2/${repository}/manifests/${digest}`,
      'Docker-Content-Digest': digest,
      ...(document.subject ? { 'OCI-Subject': document.subject } : {}),
    });
  };
}

/** @throws RegistryError DENIED for an immutable tag. */
async function requireMovable(
  { tags }: Storage,
  rules: Rules,
  repository: string,
  tag: string,
  digest: Digest,
): Promise<void> {
  if (!(await rules.isImmutable(repository))) return;
  const present = await tags.resolve(repository, tag);
  if (present !== undefined && present !== digest) throw immutable(tag, present);
}

/** Of two concurrent pushes of an immutable tag, one is denied. */
async function setTag(
  { tags }: Storage,
  rules: Rules,
  repository: string,
  tag: string,
  digest: Digest,
): Promise<void> {
  if (!(await rules.isImmutable(repository))) return await tags.set(repository, tag, digest);
  const present = await tags.claim(repository, tag, digest);
  if (present !== digest) throw immutable(tag, present);
}

const immutable = (tag: string, present: Digest) =>
  registryError('DENIED', `the tag ${tag} is immutable: it remains at ${present}; push another tag`, { tag });

function verifiedDigest(bytes: Uint8Array, reference: ManifestReference): Digest {
  const algorithm = 'digest' in reference ? algorithmOf(reference.digest) : 'sha256';
  const actual = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
  if ('digest' in reference && reference.digest !== actual) {
    throw registryError('DIGEST_INVALID', 'provided digest did not match uploaded content', {
      digest: reference.digest,
      actual,
    });
  }
  return actual;
}

/** @throws RegistryError MANIFEST_BLOB_UNKNOWN with an item for each part that the repository lacks. */
async function requireContent(storage: Storage, repository: string, document: ManifestDocument) {
  const missing: ErrorItem[] = [];
  for (const blob of document.blobs) {
    if (missing.length >= MAX_MISSING) break;
    requireSize(blob, await storage.blobs.keep(repository, blob.digest), missing);
  }
  for (const child of document.manifests) {
    if (missing.length >= MAX_MISSING) break;
    requireSize(child, (await storage.manifests.keep(repository, child.digest))?.size, missing);
  }
  const [first, ...others] = missing;
  if (first) throw new RegistryError([first, ...others]);
}

function requireSize({ digest, size }: Descriptor, stored: number | undefined, missing: ErrorItem[]): void {
  if (stored === undefined) {
    missing.push({ code: 'MANIFEST_BLOB_UNKNOWN', message: 'blob unknown to registry', detail: { digest } });
  } else if (stored !== size) {
    throw registryError('MANIFEST_INVALID', 'manifest invalid', {
      reason: `${digest} has ${stored} bytes, not ${size}`,
    });
  }
}

const tooLarge = () =>
  new RegistryError(
    [{ code: 'MANIFEST_INVALID', message: `manifest is larger than ${MAX_MANIFEST_SIZE} bytes` }],
    { status: 413 },
  );

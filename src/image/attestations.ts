import { type Descriptor, type ImageIndex, type ImageManifest, isIndexType } from '../api/oci-image.ts';
import type { Digest } from '../core/digest.ts';
import { isKind } from '../core/errors.ts';
import { parseManifest } from './documents.ts';
import type { ImageStore, StoredManifest } from './images.ts';
import type { RemoteRepository } from './remote/remote-repository.ts';

const IN_TOTO = 'application/vnd.in-toto+json';
const PREDICATE = 'in-toto.io/predicate-type';
/** Maximum bytes of a statement; larger ones are not fetched. */
const MAX_STATEMENT = 16 << 20;
/** Limits for one image: bytes, attestation manifests, statements of each. */
const MAX_ALL = 64 << 20;
const MAX_MANIFESTS = 16;
const MAX_PARTS = 64;

/** An index's attestations for one of its images. */
function attestationsFor(index: ImageIndex, manifest: Digest): Descriptor[] {
  return (index.manifests ?? []).filter(
    ({ annotations }) =>
      annotations?.['vnd.docker.reference.type'] === 'attestation-manifest' &&
      annotations['vnd.docker.reference.digest'] === manifest,
  );
}

/** The result of `fetchAttestations`, to be stored with the image. */
interface FetchedDocument {
  readonly descriptor: Pick<Descriptor, 'digest' | 'mediaType'>;
  readonly bytes: Uint8Array;
}

/**
 * Attestation manifests and their statements. Those that the registry does not have are skipped, and so is
 * everything beyond the limits for one image.
 */
export async function fetchAttestations(
  remote: RemoteRepository,
  index: ImageIndex,
  manifest: Digest,
): Promise<FetchedDocument[]> {
  const found: FetchedDocument[] = [];
  const room = { bytes: MAX_ALL };
  for (const descriptor of attestationsFor(index, manifest).slice(0, MAX_MANIFESTS)) {
    try {
      found.push(...(await fetchOne(remote, descriptor.digest, room)));
    } catch (error) {
      if (!isKind(error, 'not-found')) throw error;
    }
  }
  return found;
}

async function fetchOne(
  remote: RemoteRepository,
  digest: Digest,
  room: { bytes: number },
): Promise<FetchedDocument[]> {
  const top = await remote.manifest(digest);
  const { config, layers } = parseManifest(top.bytes);
  room.bytes -= top.bytes.length;
  const found: FetchedDocument[] = [top];
  for (const descriptor of [config, ...layers].slice(0, MAX_PARTS)) {
    if (descriptor.size > MAX_STATEMENT || descriptor.size > room.bytes) continue;
    room.bytes -= descriptor.size;
    const chunks: Buffer[] = [];
    for await (const chunk of await remote.blob(descriptor)) chunks.push(chunk);
    found.push({ descriptor, bytes: Buffer.concat(chunks) });
  }
  return found;
}

interface Statement {
  readonly descriptor: Descriptor;
  readonly predicateType: string;
  /** The original in-toto statement; undefined when it was too large to store. */
  readonly bytes: Uint8Array | undefined;
}

/** The stored statements of an image. @param top the index that must contain them; absent: any index. */
export function statementsOf(images: ImageStore, id: Digest, top?: StoredManifest): Statement[] {
  const stored = new Map(images.manifests(id).map((document) => [document.digest, document]));
  const statements = new Map<Digest, Statement>();
  for (const manifest of attestationManifests([...stored.values()], top)) {
    for (const layer of layersOf(stored.get(manifest))) {
      const predicateType = layer.annotations?.[PREDICATE];
      if (layer.mediaType !== IN_TOTO || !predicateType) continue;
      const bytes = stored.get(layer.digest)?.bytes;
      statements.set(layer.digest, { descriptor: layer, predicateType, bytes });
    }
  }
  return [...statements.values()];
}

function attestationManifests(stored: readonly StoredManifest[], top: StoredManifest | undefined): Digest[] {
  const from = top ? [top] : stored;
  const indexes = from.filter(({ mediaType }) => isIndexType(mediaType)).map(parsed<ImageIndex>);
  const own = new Set(stored.map(({ digest }) => digest));
  return indexes
    .flatMap((index) => [...own].flatMap((digest) => attestationsFor(index, digest)))
    .map(({ digest }) => digest)
    .filter((digest) => own.has(digest));
}

const parsed = <T>({ bytes }: StoredManifest): T => JSON.parse(bytes.toString()) as T;
const layersOf = (document: StoredManifest | undefined) =>
  document ? (parsed<Partial<ImageManifest>>(document).layers ?? []) : [];

/** An index that can be pushed completely: everything that it names is in the store. */
interface WholeIndex {
  readonly index: StoredManifest;
  /** In push order: children before their parents. */
  readonly blobs: readonly StoredManifest[];
  readonly manifests: readonly StoredManifest[];
}

/** The index of an image's manifest, if it contains only this image and its stored attestations. */
export function wholeIndexOf(images: ImageStore, id: Digest, manifest: Digest): WholeIndex | undefined {
  const stored = images.manifests(id);
  const byDigest = new Map(stored.map((document) => [document.digest, document]));
  for (const index of stored.filter(({ mediaType }) => isIndexType(mediaType))) {
    const document = parsed<ImageIndex>(index);
    const about = attestationsFor(document, manifest).map(({ digest }) => byDigest.get(digest));
    const rest = document.manifests.filter(({ digest }) => digest !== manifest);
    if (about.length === 0 || about.length !== rest.length || !about.every((one) => one !== undefined))
      continue;
    const parts = about.flatMap((one) => {
      const { config, layers = [] } = parsed<Partial<ImageManifest>>(one);
      return [...(config ? [config] : []), ...layers].map(({ digest }) => byDigest.get(digest));
    });
    if (parts.every((part) => part !== undefined)) return { index, blobs: parts, manifests: about };
  }
  return undefined;
}

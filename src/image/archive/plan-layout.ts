import {
  type Descriptor,
  type ImageConfig,
  type ImageIndex,
  type ImageManifest,
  isIndexType,
  isManifestType,
  type Platform,
} from '../../api/oci-image.ts';
import { type Digest, isDigest } from '../../core/digest.ts';
import { invalidParameter } from '../../core/errors.ts';
import type { Reference } from '../../core/reference.ts';
import type { StoredManifest } from '../images.ts';
import { hostPlatform, isFor } from '../platform.ts';
import type { ArchiveContents } from './archive-contents.ts';
import { documentOf, listOf, nameOf, type Plan, planOf } from './plan.ts';

const MAX_DEPTH = 4;
/** Maximum references between documents: even a few documents can refer to each other exponentially often. */
const MAX_MENTIONS = 200_000;
const NAME = 'io.containerd.image.name';
const REF_NAME = 'org.opencontainers.image.ref.name';

/** Adds the images of an OCI layout. @throws BargeError invalid-parameter. */
export function planLayout(
  contents: ArchiveContents,
  wanted: readonly Platform[],
  plans: Map<Digest, Plan>,
): void {
  const bytes = contents.document('index.json');
  if (!bytes || !contents.document('oci-layout')) return;
  const index = documentOf<ImageIndex>(bytes, 'index.json');
  const walk: Walk = { contents, wanted, mentions: 0, found: new Map() };
  const indexes = new Map<Digest, StoredManifest[] | undefined>();
  const documentsOf = (descriptor: Descriptor) => {
    const { digest } = descriptor;
    if (!indexes.has(digest)) indexes.set(digest, indexDocuments(contents, descriptor));
    return indexes.get(digest);
  };
  for (const descriptor of listOf<Descriptor>(index.manifests, 'index.json')) {
    const name = layoutName(descriptor);
    const found = manifestsBelow(walk, descriptor, 0);
    const index = wanted.length === 0 ? documentsOf(descriptor) : undefined;
    const named = index ? preferred(found) : undefined;
    for (const plan of found) {
      const known = plans.get(plan.id) ?? { ...plan, ...(index ? { index } : {}) };
      if (name && (!named || plan === named)) known.names.set(JSON.stringify(name), name);
      plans.set(plan.id, known);
    }
  }
}

/** An index whose parts are all present, followed by its attestations; undefined when it is not an index or is incomplete. */
function indexDocuments(
  contents: ArchiveContents,
  { digest, mediaType }: Descriptor,
): StoredManifest[] | undefined {
  const bytes = contents.blob(digest);
  if (!isIndexType(mediaType) || !bytes) return undefined;
  const { manifests } = documentOf<ImageIndex>(bytes, digest);
  const documents: (StoredManifest | undefined)[] = [{ digest, mediaType, bytes }];
  const add = (part: Pick<Descriptor, 'digest' | 'mediaType'>) => {
    const body = contents.blob(checkedDigest(part?.digest));
    documents.push(body && { digest: part.digest, mediaType: part.mediaType, bytes: body });
    return body;
  };
  for (const child of listOf<Descriptor>(manifests, digest)) {
    if (isIndexType(child.mediaType)) return undefined;
    if (child.platform?.os !== 'unknown') {
      if (!contents.blob(checkedDigest(child.digest))) return undefined;
      continue;
    }
    const manifest = add(child);
    if (!manifest) return undefined;
    const { config, layers = [] } = documentOf<Partial<ImageManifest>>(manifest, child.digest);
    for (const part of [...(config ? [config] : []), ...layers]) add(part);
  }
  return documents.every((one) => one !== undefined) ? documents : undefined;
}

/** The image that an index's name stands for where a single image is needed: this platform's, else the first. */
function preferred(plans: readonly Plan[]): Plan | undefined {
  const host = hostPlatform();
  return plans.find(({ config }) => isFor(JSON.parse(config.toString()) as ImageConfig, host)) ?? plans[0];
}

/** A bare tag is not a name, as it lacks the repository. */
function layoutName({ annotations }: Descriptor): Reference | undefined {
  const full = annotations?.[NAME];
  const text = full ?? annotations?.[REF_NAME];
  if (!text || (!full && !/[/:]/.test(text))) return undefined;
  return nameOf(text);
}

/** One reading of the layout. Results for a document are reused wherever it is named. */
interface Walk {
  readonly contents: ArchiveContents;
  readonly wanted: readonly Platform[];
  readonly found: Map<Digest, readonly Plan[]>;
  mentions: number;
}

/** The image of a descriptor, or the images of an index that are present; attestations are not images. */
function manifestsBelow(walk: Walk, descriptor: Descriptor, depth: number): readonly Plan[] {
  const { digest } = descriptor;
  if (typeof digest !== 'string' || !isDigest(digest) || depth > MAX_DEPTH)
    throw invalidParameter('the index of the archive contains an invalid digest or nests too deeply');
  const known = walk.found.get(digest);
  if (known) return known;
  const bytes = walk.contents.blob(digest);
  /* An index may name platforms that were not saved. */
  if (!bytes && depth === 0) throw invalidParameter(`the archive does not have the manifest ${digest}`);
  const found = bytes ? plansIn(walk, descriptor, bytes, depth) : [];
  walk.found.set(digest, found);
  return found;
}

function plansIn(walk: Walk, descriptor: Descriptor, bytes: Buffer, depth: number): readonly Plan[] {
  const { digest, mediaType } = descriptor;
  if (isManifestType(mediaType)) return imageOf(walk, descriptor, bytes);
  if (!isIndexType(mediaType)) return [];
  const { manifests } = documentOf<ImageIndex>(bytes, digest);
  const plans = new Set<Plan>();
  for (const child of listOf<Descriptor>(manifests, digest)) {
    if (child.platform?.os === 'unknown') continue;
    for (const plan of [undefined, ...manifestsBelow(walk, child, depth + 1)]) {
      if (++walk.mentions > MAX_MENTIONS)
        throw invalidParameter(`the indexes of the archive name more than ${MAX_MENTIONS} images`);
      if (plan) plans.add(plan);
    }
  }
  return [...plans];
}

function imageOf({ contents, wanted }: Walk, descriptor: Descriptor, bytes: Buffer): readonly Plan[] {
  const { digest } = descriptor;
  const manifest = documentOf<ImageManifest>(bytes, digest);
  const layers = listOf<Descriptor>(manifest.layers, digest).map(
    (layer) => () => contents.layerBlob(checkedDigest(layer?.digest)),
  );
  const config = contents.blob(checkedDigest(manifest.config?.digest));
  const plan = planOf(config, `configuration of ${digest}`, layers, wanted);
  return plan ? [{ ...plan, manifest: { descriptor, bytes } }] : [];
}

function checkedDigest(text: unknown): Digest {
  if (typeof text === 'string' && isDigest(text)) return text;
  throw invalidParameter(`a manifest of the archive names "${String(text)}", which is not a digest`);
}

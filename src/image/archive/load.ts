import type { Readable } from 'node:stream';
import { parseJson } from '../../core/bounded-json.ts';
import { type Digest, digestOf, isDigest } from '../../core/digest.ts';
import { type BargeError, invalidParameter, notFound } from '../../core/errors.ts';
import { parseReference, type Reference, withDefaultTag } from '../../core/reference.ts';
import {
  type Descriptor,
  type ImageConfig,
  type ImageIndex,
  type ImageManifest,
  isIndexType,
  isManifestType,
  type Platform,
} from '../../spec/oci-image.ts';
import { decompress } from '../compression.ts';
import type { Image, ImageStore, StoredManifest } from '../images.ts';
import { hostPlatform, isFor, platformText } from '../platform.ts';
import type { OnProgress } from '../progress.ts';
import { readConfig } from '../read-config.ts';
import type { LayerStores } from '../take-layer.ts';
import { ArchiveContents } from './archive-contents.ts';

export interface LoadOptions {
  /** None: every image of the archive. */
  readonly platforms: readonly Platform[];
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

export interface LoadedImage {
  readonly image: Image;
  readonly names: readonly Reference[];
  /** The index that the names stand for. */
  readonly target?: Digest;
}

/** What an archive says of an image, checked against the layers that came with it. */
interface Plan {
  readonly id: Digest;
  readonly config: Buffer;
  readonly manifest?: { readonly descriptor: Descriptor; readonly bytes: Buffer };
  readonly names: Map<string, Reference>;
  /** An index of several parts: it and all it names besides images. `names` stand for it. */
  readonly index?: readonly StoredManifest[];
}

type LoadStores = LayerStores & { readonly images: ImageStore };

const MAX_DEPTH = 4;
/** Places at which documents may name one another: few documents can name each other more often than anybody can follow. */
const MAX_MENTIONS = 200_000;
const NAME = 'io.containerd.image.name';
const REF_NAME = 'org.opencontainers.image.ref.name';

/**
 * Reads images from an archive, compressed or not: an OCI layout, what docker saves, or both in one. No image and no
 * name is added before all of them are known to be whole; tags are the caller's to set.
 * @throws BargeError invalid-parameter for a broken archive, data-loss for wrong digests, not-found for a platform
 *   that it does not have. Layers that came then have no image and can be collected.
 */
export async function loadImages(
  stores: LoadStores,
  archive: Readable,
  options: LoadOptions,
): Promise<LoadedImage[]> {
  using lease = stores.layers.lease();
  const tar = await decompress(archive);
  const contents = await ArchiveContents.read(stores, tar, { ...options, lease });
  const plans = new Map<Digest, Plan>();
  planLayout(contents, options.platforms, plans);
  planDocker(contents, options.platforms, plans);
  if (plans.size === 0) throw nothingFound(contents, options.platforms);
  return [...plans.values()].map((plan) => {
    const image = stores.images.add(plan.config);
    if (plan.manifest) stores.images.addManifest(image.id, plan.manifest.descriptor, plan.manifest.bytes);
    for (const document of plan.index ?? []) stores.images.addManifest(image.id, document, document.bytes);
    const target = plan.index?.[0]?.digest;
    return { image, names: [...plan.names.values()], ...(target ? { target } : {}) };
  });
}

function nothingFound(contents: ArchiveContents, platforms: readonly Platform[]): BargeError {
  if (!contents.document('index.json') && !contents.document('manifest.json')) {
    return invalidParameter(
      'the archive holds no images: it has neither manifest.json nor index.json (for a file system use import)',
    );
  }
  if (platforms.length > 0) {
    const wanted = platforms.map(platformText).join(', ');
    return notFound(`requested platform (${wanted}) not found in the archive`);
  }
  return invalidParameter('the archive holds no images: its lists of them are empty');
}

/** @throws BargeError invalid-parameter: what is not JSON, or nothing that has members. */
function documentOf<T>(bytes: Buffer | undefined, name: string): T {
  if (!bytes) throw invalidParameter(`the archive does not have "${name}"`);
  try {
    const value = parseJson(bytes);
    if (typeof value === 'object' && value !== null) return value as T;
  } catch (error) {
    throw invalidParameter(`"${name}" of the archive is not JSON`, { cause: error });
  }
  throw invalidParameter(`"${name}" of the archive is not what it should be`);
}

function planLayout(contents: ArchiveContents, wanted: readonly Platform[], plans: Map<Digest, Plan>): void {
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

/** An index whose parts are all here, it first, then attestations: undefined for what is none, or not whole. */
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

/** The image that the name of an index is for where one image is meant: this machine's, else the first. */
function preferred(plans: readonly Plan[]): Plan | undefined {
  const host = hostPlatform();
  return plans.find(({ config }) => isFor(JSON.parse(config.toString()) as ImageConfig, host)) ?? plans[0];
}

/** Go writes an empty list as null. */
function arrayOf<T>(value: readonly T[] | null | undefined, name: string): readonly T[] {
  if (value === null) return [];
  if (Array.isArray(value)) return value as readonly T[];
  throw invalidParameter(`"${name}" of the archive lists nothing`);
}

function listOf<T>(value: readonly T[] | undefined, name: string): readonly T[] {
  const list = arrayOf(value, name);
  if (list.every((item) => typeof item === 'object' && item !== null)) return list;
  throw invalidParameter(`"${name}" of the archive lists something that is no object`);
}

/** A bare tag is no name: whose it would be is not said. */
function layoutName({ annotations }: Descriptor): Reference | undefined {
  const full = annotations?.[NAME];
  const text = full ?? annotations?.[REF_NAME];
  if (!text || (!full && !/[/:]/.test(text))) return undefined;
  return nameOf(text);
}

function nameOf(text: string): Reference {
  const { digest: _, ...reference } = withDefaultTag(parseReference(text));
  return withDefaultTag(reference);
}

/** One reading of the layout. What is known of a document counts wherever it is named. */
interface Walk {
  readonly contents: ArchiveContents;
  readonly wanted: readonly Platform[];
  readonly found: Map<Digest, readonly Plan[]>;
  mentions: number;
}

/** The image that a descriptor stands for, or those of an index that are here; attestations are no images. */
function manifestsBelow(walk: Walk, descriptor: Descriptor, depth: number): readonly Plan[] {
  const { digest } = descriptor;
  if (typeof digest !== 'string' || !isDigest(digest) || depth > MAX_DEPTH)
    throw invalidParameter('the index of the archive names something that is no digest, or nests too deep');
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
  throw invalidParameter(`a manifest of the archive names "${String(text)}", which is no digest`);
}

interface DockerEntry {
  readonly Config?: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Layers?: readonly string[] | null;
}

function planDocker(contents: ArchiveContents, wanted: readonly Platform[], plans: Map<Digest, Plan>): void {
  const bytes = contents.document('manifest.json');
  if (!bytes) return;
  const entries = documentOf<readonly DockerEntry[]>(bytes, 'manifest.json');
  const planned = new Map<string, Plan | undefined>();
  for (const { Config: path, RepoTags, Layers } of listOf(entries, 'manifest.json')) {
    if (typeof path !== 'string') throw invalidParameter('manifest.json names no configuration');
    if (!planned.has(path)) {
      const config = contents.document(path);
      const known = config && plans.get(digestOf(config));
      const layers = arrayOf(Layers ?? [], 'manifest.json').map(
        (layer) => () => contents.layer(String(layer)),
      );
      planned.set(path, known ?? planOf(config, path, layers, wanted));
    }
    const plan = planned.get(path);
    if (!plan) continue;
    for (const name of arrayOf(RepoTags ?? [], 'manifest.json')
      .map(String)
      .map(nameOf))
      plan.names.set(JSON.stringify(name), name);
    plans.set(plan.id, plan);
  }
}

/** @returns undefined for an image of a platform that is not wanted. */
function planOf(
  config: Buffer | undefined,
  name: string,
  layers: readonly (() => Digest)[],
  wanted: readonly Platform[],
): Plan | undefined {
  if (!config) throw invalidParameter(`the archive does not have "${name}"`);
  const parsed = readConfig(config);
  if (wanted.length > 0 && !wanted.some((platform) => isFor(parsed, platform))) return undefined;
  const promised = parsed.rootfs.diff_ids;
  if (promised.length !== layers.length) {
    throw invalidParameter(
      `invalid manifest, layers length mismatch: expected ${promised.length}, got ${layers.length}`,
    );
  }
  layers.forEach((layer, i) => {
    const diffId = layer();
    if (diffId === promised[i]) return;
    throw invalidParameter(`invalid diffID for layer ${i}: expected "${promised[i]}", got "${diffId}"`);
  });
  return { id: digestOf(config), config, names: new Map() };
}

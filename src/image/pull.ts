import {
  type Descriptor,
  type ImageConfig,
  type ImageIndex,
  type ImageManifest,
  isIndexType,
  isManifestType,
  MEDIA_TYPE,
  type Platform,
} from '../api/oci-image.ts';
import type { Digest } from '../core/digest.ts';
import { dataLoss, invalidParameter, notFound } from '../core/errors.ts';
import { shortId } from '../core/ids.ts';
import type { Limiter } from '../core/limiter.ts';
import { familiarName, familiarString, type Reference } from '../core/reference.ts';
import type { BlobStore } from '../store/blobs.ts';
import { fetchAttestations } from './attestations.ts';
import { parseIndex, parseManifest } from './documents.ts';
import { fetchConfig } from './fetch-config.ts';
import type { Image, ImageStore } from './images.ts';
import type { Layer, LayerStore } from './layers.ts';
import { choosePlatform, hostPlatform, platformText } from './platform.ts';
import { byteProgress, type OnProgress } from './progress.ts';
import { readConfig } from './read-config.ts';
import type { RemoteRepository } from './remote/remote-repository.ts';
import { type Asker, SharedWork } from './shared-work.ts';
import { takeLayer } from './take-layer.ts';

const SCHEMA1 = 'application/vnd.docker.distribution.manifest.v1+';
/** All but the first two come from registries before 2017; docker accepts them, too. */
const CONFIG_TYPES: readonly string[] = [
  MEDIA_TYPE.ociConfig,
  MEDIA_TYPE.dockerConfig,
  'application/octet-stream',
  'application/json',
  'text/html',
  '',
];
const LAYER_TYPE = /[.+/]tar([.+](gzip|zstd))?$/;

export { hostPlatform, parsePlatform, platformText } from './platform.ts';

interface PullStores {
  readonly images: ImageStore;
  readonly layers: LayerStore;
  readonly blobs: BlobStore;
  /** Shared by all pulls of a daemon. */
  readonly downloads: Limiter;
}

interface PullOptions {
  /** Do not move the tag; only the digest names the image. */
  readonly keepTag?: boolean;
  readonly platform?: Platform;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

interface FoundManifest {
  readonly descriptor: Descriptor;
  readonly manifest: ImageManifest;
  readonly bytes: Uint8Array;
  /** The index from which it was chosen. */
  readonly index?: ImageIndex;
}

/**
 * Fetches an image by tag or digest, with its layers in parallel, and points the reference to it.
 * @param reference has a tag or a digest. @throws BargeError in docker's words; the store stays consistent,
 *   and the next attempt does not fetch complete layers again.
 */
export async function pullImage(
  stores: PullStores,
  remote: RemoteRepository,
  reference: Reference,
  options: PullOptions,
): Promise<Image> {
  const { onProgress } = options;
  const wanted = reference.digest ?? reference.tag ?? 'latest';
  const top = await remote.manifest(wanted);
  onProgress({
    status: `Pulling from ${reference.domain === 'docker.io' ? reference.path : familiarName(reference).slice(reference.domain.length + 1)}`,
    id: wanted,
  });
  const found = await selectManifest(
    remote,
    top,
    options.platform ?? hostPlatform(),
    familiarString(reference),
  );
  const configBytes = await fetchConfig(remote, found.manifest.config);
  const config = checkImage(familiarString(reference), found.manifest, configBytes);
  const about = found.index ? await fetchAttestations(remote, found.index, found.descriptor.digest) : [];
  using _lease = stores.layers.lease(config.rootfs.diff_ids);
  await fetchLayers(stores, remote, found.manifest, config, options);
  const before = stores.images.resolve(reference);
  const image = stores.images.add(configBytes);
  stores.images.addManifest(image.id, found.descriptor, found.bytes);
  if (found.index) stores.images.addManifest(image.id, top.descriptor, top.bytes);
  for (const { descriptor, bytes } of about) stores.images.addManifest(image.id, descriptor, bytes);
  stores.images.tag({ ...withoutTag(reference), digest: found.descriptor.digest }, image.id);
  if (top.descriptor.digest !== found.descriptor.digest) {
    stores.images.tag({ ...withoutTag(reference), digest: top.descriptor.digest }, image.id);
  }
  if (reference.tag && !reference.digest && !options.keepTag) stores.images.tag(reference, image.id);
  onProgress({ status: `Digest: ${top.descriptor.digest}` });
  const news = before === image.id ? 'Image is up to date' : 'Downloaded newer image';
  onProgress({ status: `Status: ${news} for ${familiarString(reference)}` });
  return image;
}

function withoutTag({ domain, path }: Reference): Reference {
  return { domain, path };
}

async function selectManifest(
  remote: RemoteRepository,
  top: { descriptor: Descriptor; bytes: Uint8Array },
  platform: Platform,
  name: string,
): Promise<FoundManifest> {
  const { mediaType } = top.descriptor;
  if (isManifestType(mediaType)) return { ...top, manifest: parseManifest(top.bytes) };
  if (mediaType.startsWith(SCHEMA1)) {
    throw invalidParameter(
      `${name} has a manifest of Docker's first schema, which is obsolete: push the image again with a current tool`,
    );
  }
  if (!isIndexType(mediaType))
    throw invalidParameter(`${name} is not an image: its media type is ${mediaType}`);
  const index = parseIndex(top.bytes);
  const child = choosePlatform(index, platform);
  if (!child) {
    throw notFound(
      `no matching manifest for ${platformText(platform)} in the manifest list entries of ${name}`,
    );
  }
  const { descriptor, bytes } = await remote.manifest(child.digest);
  if (isIndexType(descriptor.mediaType)) {
    throw invalidParameter(`${name} is an index that names another index: that is not supported`);
  }
  return { descriptor, bytes, manifest: parseManifest(bytes), index };
}

/** Rejects an unsuitable image before any layer is fetched. */
function checkImage(name: string, manifest: ImageManifest, configBytes: Buffer): ImageConfig {
  const { mediaType } = manifest.config;
  if (!CONFIG_TYPES.includes(mediaType)) {
    throw invalidParameter(
      `${name} is not a container image: its configuration has the media type ${mediaType}`,
    );
  }
  const strange = manifest.layers.find((layer) => !LAYER_TYPE.test(layer.mediaType));
  if (strange) {
    throw invalidParameter(
      `${name} has a layer that is not an archive: ${strange.digest} of the media type ${strange.mediaType}`,
    );
  }
  const config = readConfig(configBytes);
  const count = config.rootfs.diff_ids.length;
  if (count !== manifest.layers.length) {
    throw dataLoss(
      `the image configuration names ${count} layers and the manifest ${manifest.layers.length}`,
    );
  }
  return config;
}

async function fetchLayers(
  stores: PullStores,
  remote: RemoteRepository,
  manifest: ImageManifest,
  config: ImageConfig,
  options: PullOptions,
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const tasks = manifest.layers.map((descriptor, i) => {
    const diffId = config.rootfs.diff_ids[i] as Digest;
    options.onProgress({ status: 'Pulling fs layer', progressDetail: {}, id: shortId(descriptor.digest) });
    return fetchOnce(stores, remote, descriptor, diffId, { ...options, signal });
  });
  try {
    await Promise.all(tasks);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(tasks);
    throw error;
  }
}

const underWay = new WeakMap<LayerStore, SharedWork<Digest, Layer>>();

function worksOf({ layers }: PullStores): SharedWork<Digest, Layer> {
  const known = underWay.get(layers);
  if (known) return known;
  const works = new SharedWork<Digest, Layer>();
  underWay.set(layers, works);
  return works;
}

/** Concurrent requests for a layer share one download, which lasts as long as one of them needs it. */
async function fetchOnce(
  stores: PullStores,
  remote: RemoteRepository,
  descriptor: Descriptor,
  diffId: Digest,
  options: PullOptions,
): Promise<void> {
  const id = shortId(descriptor.digest);
  if (stores.layers.get(diffId)) {
    options.onProgress({ status: 'Already exists', progressDetail: {}, id });
    return;
  }
  await worksOf(stores).join(diffId, options, async (shared) => {
    using _held = remote.hold();
    return await stores.downloads(async () => {
      shared.signal.throwIfAborted();
      return await fetchLayer(stores, remote, descriptor, diffId, shared);
    });
  });
}

async function fetchLayer(
  stores: PullStores,
  remote: RemoteRepository,
  descriptor: Descriptor,
  diffId: Digest,
  { onProgress, signal }: Asker,
): Promise<Layer> {
  const id = shortId(descriptor.digest);
  const { digest, size, mediaType } = descriptor;
  const source = await remote.blob(descriptor, signal);
  const layer = await takeLayer(stores, source, {
    blob: { digest, size },
    mediaType,
    diffId,
    count: byteProgress(onProgress, 'Downloading', id, size),
    signal,
  });
  onProgress({ status: 'Pull complete', progressDetail: {}, id });
  return layer;
}

import { Readable, Transform } from 'node:stream';
import { createGzip } from 'node:zlib';
import { type Digest, Digester, digestOf } from '../core/digest.ts';
import { dataLoss } from '../core/errors.ts';
import { shortId } from '../core/ids.ts';
import { canonicalName, type Reference } from '../core/reference.ts';
import { type Descriptor, type ImageManifest, isManifestType, MEDIA_TYPE } from '../spec/oci-image.ts';
import type { BlobStore } from '../store/blobs.ts';
import { wholeIndexOf } from './attestations.ts';
import { decompress } from './compression.ts';
import type { Image, ImageStore } from './images.ts';
import { type Layer, type LayerBlob, type LayerStore, LOCAL_LAYER_TYPE } from './layers.ts';
import type { Limiter } from './limit.ts';
import { byteProgress, type OnProgress } from './progress.ts';
import type { RemoteRepository } from './remote/remote-repository.ts';

/** Half the time of the usual 6 for some 3 % more bytes. */
const GZIP_LEVEL = 3;

export interface PushStores {
  readonly images: ImageStore;
  readonly layers: LayerStore;
  readonly blobs: BlobStore;
  /** Shared by all pushes of a daemon. */
  readonly uploads: Limiter;
}

export interface PushOptions {
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/**
 * Uploads an image under `reference`'s tag. What the registry has already is not sent again.
 * @returns the manifest's descriptor. @throws BargeError in docker's words.
 */
export async function pushImage(
  stores: PushStores,
  remote: RemoteRepository,
  image: Image,
  reference: Reference,
  options: PushOptions,
): Promise<Descriptor> {
  const { onProgress, signal } = options;
  const tag = reference.tag ?? 'latest';
  using _lease = stores.layers.lease(image.config.rootfs.diff_ids);
  onProgress({ status: `The push refers to repository [${canonicalName(reference)}]` });
  const layers = image.config.rootfs.diff_ids.map((diffId) => stores.layers.need(diffId));
  for (const layer of layers)
    onProgress({ status: 'Preparing', progressDetail: {}, id: shortId(layer.diffId) });
  const blobs = await Promise.all(
    layers.map((layer) =>
      stores.uploads(async () => {
        signal.throwIfAborted();
        return await pushLayer(stores, remote, layer, onProgress);
      }),
    ),
  );
  const config: LayerBlob = {
    digest: image.id,
    size: image.configBytes.length,
    mediaType: MEDIA_TYPE.ociConfig,
  };
  await remote.uploadBlob(config, () => Readable.from([image.configBytes]));
  const manifest = manifestFor(stores.images, image, config, blobs);
  const descriptor = await putAll(stores.images, remote, image, manifest, tag);
  stores.images.addManifest(image.id, manifest, manifest.bytes);
  stores.images.tag({ domain: reference.domain, path: reference.path, digest: descriptor.digest }, image.id);
  onProgress({ status: `${tag}: digest: ${descriptor.digest} size: ${descriptor.size}` });
  onProgress({ progressDetail: {}, aux: { Tag: tag, Digest: descriptor.digest, Size: descriptor.size } });
  return descriptor;
}

/** With what is known about the image, under the index that it came by, if nothing of that is missing. */
async function putAll(
  images: ImageStore,
  remote: RemoteRepository,
  image: Image,
  manifest: { readonly mediaType: string; readonly bytes: Uint8Array; readonly digest: Digest },
  tag: string,
): Promise<Descriptor> {
  const whole = wholeIndexOf(images, image.id, manifest.digest);
  if (!whole) return await remote.putManifest(tag, manifest.mediaType, manifest.bytes);
  for (const { digest, bytes } of whole.blobs)
    await remote.uploadBlob({ digest, size: bytes.length }, () => Readable.from([bytes]));
  for (const { digest, mediaType, bytes } of [manifest, ...whole.manifests])
    await remote.putManifest(digest, mediaType, bytes);
  return await remote.putManifest(tag, whole.index.mediaType, whole.index.bytes);
}

async function pushLayer(
  stores: PushStores,
  remote: RemoteRepository,
  layer: Layer,
  onProgress: OnProgress,
): Promise<LayerBlob> {
  const id = shortId(layer.diffId);
  const blob = await compressedBlob(stores, layer);
  const count = byteProgress(onProgress, 'Pushing', id, blob.size);
  const outcome = await remote.uploadBlob(blob, () =>
    Readable.from(counted(stores.blobs.stream(blob.digest), count)),
  );
  const status = { existing: 'Layer already exists', mounted: 'Mounted', uploaded: 'Pushed' }[outcome];
  onProgress({ status, progressDetail: {}, id });
  return blob;
}

async function* counted(stream: Readable, count: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of stream) {
    count(chunk.length);
    yield chunk;
  }
}

/** The layer's exact tar: out of its blob, else made of its folder, which gives the same for layers made here. */
export async function plainLayer(
  stores: Pick<PushStores, 'layers' | 'blobs'>,
  layer: Layer,
): Promise<Readable> {
  if (!layer.blob || !(await stores.blobs.has(layer.blob.digest))) return stores.layers.pack(layer);
  return await decompress(stores.blobs.stream(layer.blob.digest));
}

/** The layer as a registry takes it: what it came as, else made now from its folder and kept. */
export async function compressedBlob(
  stores: Pick<PushStores, 'layers' | 'blobs'>,
  layer: Layer,
): Promise<LayerBlob> {
  const kept = layer.blob && (await stores.blobs.has(layer.blob.digest)) ? layer.blob : undefined;
  if (kept && kept.mediaType !== LOCAL_LAYER_TYPE) return kept;
  const digester = new Digester();
  const hashed = new Transform({
    transform(chunk, _encoding, done) {
      digester.update(chunk);
      done(null, chunk);
    },
  });
  const gzip = createGzip({ level: GZIP_LEVEL, chunkSize: 256 << 10 });
  const packed = await plainLayer(stores, layer);
  packed.on('error', (error) => gzip.destroy(error));
  packed.pipe(hashed).pipe(gzip);
  await using writer = await stores.blobs.writer();
  for await (const chunk of gzip) await writer.write(chunk);
  const found = digester.digest();
  if (found !== layer.diffId) {
    throw dataLoss(
      `the folder of layer ${layer.diffId} has changed on disk (its content is ${found} now): build or pull its image again`,
    );
  }
  const { digest, size } = await writer.commit();
  const blob = { digest, size, mediaType: MEDIA_TYPE.ociLayerGzip };
  stores.layers.recordBlob(layer.diffId, blob);
  if (kept) await stores.blobs.remove(kept.digest);
  return blob;
}

/** The manifest under which the image came, if its blobs are these; else a new OCI one. */
export function manifestFor(
  images: ImageStore,
  image: Image,
  config: LayerBlob,
  blobs: readonly LayerBlob[],
): { mediaType: string; bytes: Uint8Array; digest: Digest } {
  for (const stored of images.manifests(image.id)) {
    if (!isManifestType(stored.mediaType)) continue;
    const { layers } = JSON.parse(stored.bytes.toString()) as ImageManifest;
    const same =
      layers.length === blobs.length && layers.every((layer, i) => layer.digest === blobs[i]?.digest);
    if (same) return stored;
  }
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config,
    layers: blobs,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  return { mediaType: MEDIA_TYPE.ociManifest, bytes, digest: digestOf(bytes) };
}

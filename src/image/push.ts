import { Readable } from 'node:stream';
import { type Descriptor, type ImageManifest, isManifestType, MEDIA_TYPE } from '../api/oci-image.ts';
import { type Digest, digestOf } from '../core/digest.ts';
import { canonicalName, type Reference } from '../core/reference.ts';
import { wholeIndexOf } from './attestations.ts';
import { bundleOf } from './bundle.ts';
import type { Image, ImageStore } from './images.ts';
import type { LayerBlob } from './layers.ts';
import { pushBundle } from './push-bundle.ts';
import { type PushOptions, type PushStores, pushContents } from './push-contents.ts';
import type { RemoteRepository } from './remote/remote-repository.ts';

/**
 * Uploads an image under `reference`'s tag. Blobs that the registry already has are not sent again.
 * @returns the manifest's descriptor. @throws BargeError in docker's words.
 */
export async function pushImage(
  stores: PushStores,
  remote: RemoteRepository,
  image: Image,
  reference: Reference,
  options: PushOptions,
): Promise<Descriptor> {
  const { onProgress } = options;
  const tag = reference.tag ?? 'latest';
  const bundle = options.alone ? undefined : bundleOf(stores.images, reference);
  if (bundle) return await pushBundle(stores, remote, bundle, { image, reference }, options);
  using _lease = stores.layers.lease(image.config.rootfs.diff_ids);
  onProgress({ status: `The push refers to repository [${canonicalName(reference)}]` });
  const { config, blobs } = await pushContents(stores, remote, { image, reference }, options);
  const manifest = manifestFor(stores.images, image, config, blobs);
  const descriptor = await putAll(stores.images, remote, image, manifest, tag);
  stores.images.addManifest(image.id, manifest, manifest.bytes);
  stores.images.tag({ domain: reference.domain, path: reference.path, digest: descriptor.digest }, image.id);
  onProgress({ status: `${tag}: digest: ${descriptor.digest} size: ${descriptor.size}` });
  onProgress({ progressDetail: {}, aux: { Tag: tag, Digest: descriptor.digest, Size: descriptor.size } });
  return descriptor;
}

/** Pushes the image with its attestations and the index that it came with, if they are complete. */
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

/** The image's original manifest, if its blobs are these; else a new OCI manifest. */
function manifestFor(
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

import { Readable } from 'node:stream';
import type { Descriptor, ImageManifest } from '../api/oci-image.ts';
import { dataLoss } from '../core/errors.ts';
import { canonicalName, type Reference } from '../core/reference.ts';
import type { Bundle, BundledImage } from './bundle.ts';
import type { Image } from './images.ts';
import type { LayerBlob } from './layers.ts';
import { type PushOptions, type PushStores, pushContents } from './push-contents.ts';
import type { RemoteRepository } from './remote/remote-repository.ts';

/** Pushes an index with its images and attestations, children before their parents. */
export async function pushBundle(
  stores: PushStores,
  remote: RemoteRepository,
  bundle: Bundle,
  { image, reference }: { readonly image: Image; readonly reference: Reference },
  options: PushOptions,
): Promise<Descriptor> {
  const { onProgress } = options;
  const tag = reference.tag ?? 'latest';
  using lease = stores.layers.lease();
  onProgress({ status: `The push refers to repository [${canonicalName(reference)}]` });
  for (const member of bundle.images) {
    lease.add(...member.image.config.rootfs.diff_ids);
    const { blobs } = await pushContents(stores, remote, { image: member.image, reference }, options);
    assertSame(member, blobs);
  }
  for (const { digest, bytes } of bundle.blobs)
    await remote.uploadBlob({ digest, size: bytes.length }, () => Readable.from([bytes]));
  const { top, manifests } = bundle;
  const below = [...bundle.images.map(({ manifest }) => manifest), ...manifests];
  for (const { digest, mediaType, bytes } of below.filter((one) => one.digest !== top.digest))
    await remote.putManifest(digest, mediaType, bytes);
  const descriptor = await remote.putManifest(tag, top.mediaType, top.bytes);
  stores.images.tag({ domain: reference.domain, path: reference.path, digest: descriptor.digest }, image.id);
  onProgress({ status: `${tag}: digest: ${descriptor.digest} size: ${descriptor.size}` });
  onProgress({ progressDetail: {}, aux: { Tag: tag, Digest: descriptor.digest, Size: descriptor.size } });
  return descriptor;
}

/** Compressing a layer again gives the same bytes, unless the compressor's version has changed. */
export function assertSame({ image, manifest }: BundledImage, blobs: readonly LayerBlob[]): void {
  const { layers } = JSON.parse(manifest.bytes.toString()) as ImageManifest;
  const same = layers.length === blobs.length && layers.every(({ digest }, i) => digest === blobs[i]?.digest);
  if (same) return;
  throw dataLoss(
    `the compressed layers of ${image.id} differ from those in its manifest ${manifest.digest}: build it again`,
  );
}

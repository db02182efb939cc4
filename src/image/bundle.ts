import type { Platform } from '../api/oci-image.ts';
import { type Descriptor, type ImageIndex, type ImageManifest, isIndexType } from '../api/oci-image.ts';
import type { Digest } from '../core/digest.ts';
import { dataLoss } from '../core/errors.ts';
import type { Reference } from '../core/reference.ts';
import type { Image, ImageStore, StoredManifest } from './images.ts';
import { isFor } from './platform.ts';

/** What a tag stands for where that is more than an image: everything that has to be pushed or saved with it. */
export interface Bundle {
  /** An index, or the manifest of the only image. */
  readonly top: StoredManifest;
  readonly images: readonly BundledImage[];
  /** Manifests of attestations, and their parts. */
  readonly blobs: readonly StoredManifest[];
  readonly manifests: readonly StoredManifest[];
}

export interface BundledImage {
  readonly image: Image;
  readonly manifest: StoredManifest;
}

const parse = <T>({ bytes }: StoredManifest): T => JSON.parse(bytes.toString()) as T;

/** @returns undefined for a tag that stands for an image alone. @throws BargeError data-loss when a part is missing. */
export function bundleOf(images: ImageStore, reference: Reference): Bundle | undefined {
  const top = images.target(reference);
  return top && bundleAround(images, top);
}

/** The same for an index or a manifest that is stored with the images that it names. */
export function bundleAround(images: ImageStore, top: StoredManifest): Bundle {
  const kept = new Map<Digest, StoredManifest>([[top.digest, top]]);
  const need = (digest: Digest) => {
    const found = kept.get(digest);
    if (!found) throw dataLoss(`${digest}, a part of the index ${top.digest}, is missing: build it again`);
    return found;
  };
  const children: readonly Pick<Descriptor, 'digest'>[] = isIndexType(top.mediaType)
    ? parse<ImageIndex>(top).manifests
    : [top];
  const own: BundledImage[] = [];
  for (const { digest } of children) {
    const image = images.byManifest(digest);
    if (!image) continue;
    for (const document of images.manifests(image.id)) kept.set(document.digest, document);
    own.push({ image, manifest: need(digest) });
  }
  const others = children.filter(({ digest }) => !own.some(({ manifest }) => manifest.digest === digest));
  const manifests = others.map(({ digest }) => need(digest));
  const blobs = manifests.flatMap((manifest) => {
    const { config, layers = [] } = parse<Partial<ImageManifest>>(manifest);
    return [...(config ? [config] : []), ...layers].map(({ digest }) => need(digest));
  });
  return { top, images: own, blobs, manifests };
}

/** Images that a tag stands for, the one used for containers first. */
export function imagesOf(images: ImageStore, reference: Reference): Image[] {
  const id = images.resolve(reference);
  if (!id) return [];
  const others = bundleOf(images, reference)?.images.map(({ image }) => image) ?? [];
  return [images.need(id), ...others.filter((image) => image.id !== id)];
}

/** The image for a platform among those that a tag stands for. */
export function memberFor(images: ImageStore, reference: Reference, platform: Platform): Image | undefined {
  return imagesOf(images, reference).find(({ config }) => isFor(config, platform));
}

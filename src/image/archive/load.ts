import type { Readable } from 'node:stream';
import type { Platform } from '../../api/oci-image.ts';
import type { Digest } from '../../core/digest.ts';
import { type BargeError, invalidParameter, notFound } from '../../core/errors.ts';
import type { Reference } from '../../core/reference.ts';
import { decompress } from '../compression.ts';
import type { Image, ImageStore } from '../images.ts';
import { platformText } from '../platform.ts';
import type { OnProgress } from '../progress.ts';
import type { LayerStores } from '../take-layer.ts';
import { ArchiveContents } from './archive-contents.ts';
import type { Plan } from './plan.ts';
import { planDocker } from './plan-docker.ts';
import { planLayout } from './plan-layout.ts';

export interface LoadOptions {
  /** Absent: every image of the archive. */
  readonly platforms: readonly Platform[];
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

interface LoadedImage {
  readonly image: Image;
  readonly names: readonly Reference[];
  /** The index that the names stand for. */
  readonly target?: Digest;
}

type LoadStores = LayerStores & { readonly images: ImageStore };

/**
 * Reads images from an archive, compressed or not: an OCI layout, docker's format, or both in one. No image and no
 * name is added before all of them have been verified; the caller sets the tags.
 * @throws BargeError invalid-parameter for a broken archive, data-loss for wrong digests, not-found for a platform
 *   that it does not have. Layers read until then have no image and can be collected.
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
      'the archive contains no images: it has neither manifest.json nor index.json (use import for a file system)',
    );
  }
  if (platforms.length > 0) {
    const wanted = platforms.map(platformText).join(', ');
    return notFound(`requested platform (${wanted}) not found in the archive`);
  }
  return invalidParameter('the archive contains no images: its lists of images are empty');
}

import type { Platform } from '../../api/oci-image.ts';
import { type BargeError, notFound } from '../../core/errors.ts';
import { memberFor } from '../../image/bundle.ts';
import type { Image } from '../../image/images.ts';
import { isFor, platformText } from '../../image/platform.ts';
import type { ImageContext } from './context.ts';
import { isIdOf, referenceOf } from './names.ts';

/** @throws BargeError not-found, in docker's words, when the image is for none of these platforms. */
export function assertPlatform(image: Image, ref: string, platforms: readonly Platform[]): void {
  if (platforms.length === 0 || platforms.some((platform) => isFor(image.config, platform))) return;
  throw wrongPlatform(image, ref, platforms);
}

/**
 * The image that a ref stands for on one of these platforms: a tag may stand for several images.
 * @param found the image that the ref stands for without platforms. @throws BargeError not-found.
 */
export function imageFor(
  ctx: Pick<ImageContext, 'images'>,
  ref: string,
  platforms: readonly Platform[],
  found: Image = ctx.images.find(ref),
): Image {
  if (platforms.length === 0 || platforms.some((platform) => isFor(found.config, platform))) return found;
  const reference = isIdOf(found, ref) ? undefined : referenceOf(ref);
  const members = reference ? platforms.map((platform) => memberFor(ctx.images, reference, platform)) : [];
  const member = members.find((image) => image !== undefined);
  if (member) return member;
  throw wrongPlatform(found, ref, platforms);
}

function wrongPlatform(image: Image, ref: string, platforms: readonly Platform[]): BargeError {
  const wanted = platforms.map(platformText).join(', ');
  return notFound(
    `image with reference ${ref} was found but its platform (${platformText(image.config)}) does not match the specified platform (${wanted})`,
  );
}

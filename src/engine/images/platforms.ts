import { type BargeError, notFound } from '../../core/errors.ts';
import type { Image } from '../../image/images.ts';
import { isFor, platformText } from '../../image/platform.ts';
import type { Platform } from '../../spec/oci-image.ts';

/** @throws BargeError not-found, in docker's words, for an image of none of these platforms. */
export function assertPlatform(image: Image, word: string, platforms: readonly Platform[]): void {
  if (platforms.length === 0 || platforms.some((platform) => isFor(image.config, platform))) return;
  throw wrongPlatform(image, word, platforms);
}

function wrongPlatform(image: Image, word: string, platforms: readonly Platform[]): BargeError {
  const wanted = platforms.map(platformText).join(', ');
  return notFound(
    `image with reference ${word} was found but its platform (${platformText(image.config)}) does not match the specified platform (${wanted})`,
  );
}

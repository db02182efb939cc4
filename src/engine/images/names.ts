import { BargeError } from '../../core/errors.ts';
import { parseReference, type Reference, withDefaultTag } from '../../core/reference.ts';
import type { Image } from '../../image/images.ts';

/** Whether `word` is the image's id or the start of it, not one of its names. */
export function isIdOf(image: Image, word: string): boolean {
  const hex = word.replace(/^sha256:/, '');
  return /^[0-9a-f]+$/.test(hex) && image.id.slice('sha256:'.length).startsWith(hex);
}

/** With its tag or digest; undefined for what is no reference. */
export function referenceOf(word: string): Reference | undefined {
  try {
    return withDefaultTag(parseReference(word));
  } catch (error) {
    if (error instanceof BargeError) return undefined;
    throw error;
  }
}

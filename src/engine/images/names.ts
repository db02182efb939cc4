import { BargeError } from '../../core/errors.ts';
import { parseReference, type Reference, withDefaultTag } from '../../core/reference.ts';
import type { Image } from '../../image/images.ts';

/** Whether `ref` is the image's id or a prefix of it, not one of its names. */
export function isIdOf(image: Image, ref: string): boolean {
  const hex = ref.replace(/^sha256:/, '');
  return /^[0-9a-f]+$/.test(hex) && image.id.slice('sha256:'.length).startsWith(hex);
}

/** With its tag or digest; undefined for text that is not a reference. */
export function referenceOf(ref: string): Reference | undefined {
  try {
    return withDefaultTag(parseReference(ref));
  } catch (error) {
    if (error instanceof BargeError) return undefined;
    throw error;
  }
}

import type { Digest } from '../../core/digest.ts';
import { invalidParameter } from '../../core/errors.ts';
import { parseReference, type Reference, withDefaultTag } from '../../core/reference.ts';
import type { Image, StoredManifest } from '../../image/images.ts';
import type { EventBus } from '../events.ts';
import { emitImage } from './emit.ts';
import { isIdOf, referenceOf } from './names.ts';

/** The parts of the engine that tagging needs. */
export interface TagContext {
  readonly images: {
    find(ref: string): Image;
    target(reference: Reference): Pick<StoredManifest, 'digest'> | undefined;
    tag(reference: Reference, id: Digest, target?: Digest): void;
  };
  readonly events: Pick<EventBus, 'emit'>;
}

/**
 * Adds a name to an image. A name created from another name stands for the same document, such as an index.
 * @param tag empty: the tag in `repository`, or `latest`.
 * @throws BargeError not-found for the image; invalid-parameter for an invalid name.
 */
export function tagImage(ctx: TagContext, ref: string, repository: string, tag: string): void {
  const image = ctx.images.find(ref);
  const source = isIdOf(image, ref) ? undefined : referenceOf(ref);
  const name = tag ? `${repository}:${tag}` : repository;
  const reference = withDefaultTag(parseReference(name));
  if (reference.digest) throw invalidParameter('refusing to create a tag with a digest reference');
  if (/^(library\/)?sha(256|384|512)$/.test(reference.path)) {
    throw invalidParameter('refusing to create an ambiguous tag using digest algorithm as name');
  }
  ctx.images.tag(reference, image.id, source?.tag ? ctx.images.target(source)?.digest : undefined);
  emitImage(ctx, image, 'tag', name);
}

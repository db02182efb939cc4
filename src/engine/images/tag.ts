import type { Digest } from '../../core/digest.ts';
import { invalidParameter } from '../../core/errors.ts';
import { parseReference, type Reference, withDefaultTag } from '../../core/reference.ts';
import type { Image, StoredManifest } from '../../image/images.ts';
import type { EventBus } from '../events.ts';
import { emitImage } from './emit.ts';
import { isIdOf, referenceOf } from './names.ts';

/** What tagging needs of the engine. */
export interface TagContext {
  readonly images: {
    find(ref: string): Image;
    target(reference: Reference): Pick<StoredManifest, 'digest'> | undefined;
    tag(reference: Reference, id: Digest, target?: Digest): void;
  };
  readonly events: Pick<EventBus, 'emit'>;
}

/**
 * Gives an image one more name. A name made from another one stands for the same document, such as an index.
 * @param tag empty: `repository` may have one, else it is `latest`.
 * @throws BargeError not-found for the image; invalid-parameter for a name that cannot be a tag's.
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

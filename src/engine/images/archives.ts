import type { Readable } from 'node:stream';
import type { Platform } from '../../api/oci-image.ts';
import { type Digest, isDigest } from '../../core/digest.ts';
import { invalidParameter, notFound } from '../../core/errors.ts';
import { familiarString, parseReference, type Reference } from '../../core/reference.ts';
import { type LoadOptions, loadImages } from '../../image/archive/load.ts';
import { type SavedImage, saveImages } from '../../image/archive/save.ts';
import { type Bundle, bundleAround, bundleOf } from '../../image/bundle.ts';
import type { Image, StoredManifest } from '../../image/images.ts';
import type { ImageContext } from './context.ts';
import { emitImage } from './emit.ts';
import { isIdOf, referenceOf } from './names.ts';
import { imageFor } from './platforms.ts';
import { collectGarbage } from './remove.ts';

/**
 * An archive of images. A repository without a tag stands for all of its tags; an id, for the image without a name.
 * @throws BargeError not-found before the stream begins.
 */
export function saveArchive(
  ctx: ImageContext,
  words: readonly string[],
  platforms: readonly Platform[],
  signal: AbortSignal,
): Readable {
  if (words.length === 0) throw invalidParameter('no image to save: name at least one');
  const selected: Selected = new Map();
  for (const ref of words) {
    const index = isDigest(ref) ? ctx.images.index(ref) : undefined;
    if (index) {
      addIndex(ctx, selected, index);
      continue;
    }
    for (const { image, names } of selectionOf(ctx, ref)) {
      if (names.length === 0) add(selected, imageFor(ctx, ref, platforms, image));
      for (const name of names) {
        const bundle = platforms.length === 0 ? bundleOf(ctx.images, name) : undefined;
        add(selected, imageFor(ctx, familiarString(name), platforms, image), name, bundle);
      }
    }
  }
  const images = [...selected.values()];
  for (const { image } of images) emitImage(ctx, image, 'save', nameForEvent(ctx, image));
  return saveImages(ctx, images, signal);
}

type Selected = Map<string, SavedImage & { readonly names: Reference[] }>;

/** An index without a name. */
function addIndex(ctx: ImageContext, selected: Selected, index: StoredManifest): void {
  const bundle = bundleAround(ctx.images, index);
  const [first] = bundle.images;
  if (!first) throw notFound(`the images of ${index.digest} no longer exist`);
  add(selected, first.image, undefined, bundle);
}

function add(selected: Selected, image: Image, name?: Reference, bundle?: Bundle): void {
  const key = `${image.id} ${bundle?.top.digest ?? ''}`;
  const entry = selected.get(key) ?? { image, names: [], ...(bundle ? { bundle } : {}) };
  const isNew = name && !entry.names.some((known) => familiarString(known) === familiarString(name));
  if (isNew) entry.names.push(name);
  selected.set(key, entry);
}

const nameForEvent = (ctx: ImageContext, { id }: Image) => ctx.images.names(id).tags[0] ?? id;

function selectionOf(ctx: ImageContext, ref: string): SavedImage[] {
  const reference = referenceOf(ref);
  const isBare = reference && !reference.digest && !/:./s.test(ref.slice(ref.lastIndexOf('/') + 1));
  const inRepository = isBare ? tagsOf(ctx, reference) : [];
  if (inRepository.length > 0) return inRepository;
  const image = ctx.images.find(ref);
  const isTag = reference?.tag && !isIdOf(image, ref) && ctx.images.resolve(reference) === image.id;
  return [{ image, names: isTag ? [reference] : [] }];
}

function tagsOf(ctx: ImageContext, { domain, path }: Reference): SavedImage[] {
  return ctx.images.ids().flatMap((id) => {
    const names = ctx.images
      .names(id)
      .tags.map(parseReference)
      .filter((name) => name.domain === domain && name.path === path);
    return names.length > 0 ? [{ image: ctx.images.find(id), names }] : [];
  });
}

/** Adds the images of an archive under their names there, and reports each. A rejected archive leaves nothing behind. */
export async function loadArchive(ctx: ImageContext, archive: Readable, options: LoadOptions): Promise<void> {
  try {
    for (const { image, names, target } of await loadImages(ctx, archive, options)) {
      emitImage(ctx, image, 'load', image.id);
      for (const name of names) tagLoaded(ctx, { image, target }, name, options);
      if (names.length === 0 && !ctx.images.isInIndex(image.id))
        options.onProgress({ stream: `Loaded image ID: ${image.id}\n` });
    }
  } catch (error) {
    await collectGarbage(ctx);
    throw error;
  }
  await collectGarbage(ctx);
}

function tagLoaded(
  ctx: ImageContext,
  { image, target }: { readonly image: Image; readonly target: Digest | undefined },
  name: Reference,
  { onProgress }: LoadOptions,
): void {
  const shown = familiarString(name);
  const before = ctx.images.resolve(name);
  if (before && before !== image.id) {
    onProgress({
      stream: `The image ${shown} already exists, renaming the old one with ID ${before} to empty string\n`,
    });
  }
  ctx.images.tag(name, image.id, target);
  onProgress({ stream: `Loaded image: ${shown}\n` });
}

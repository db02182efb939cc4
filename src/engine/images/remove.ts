import type { ImageDeleteItem } from '../../api/engine/images.ts';
import type { Platform } from '../../api/oci-image.ts';
import { isRunning } from '../../container/life/state.ts';
import type { Container } from '../../container/model.ts';
import { conflict } from '../../core/errors.ts';
import { shortId } from '../../core/ids.ts';
import { canonicalName, familiarString, parseReference, type Reference } from '../../core/reference.ts';
import { imagesOf } from '../../image/bundle.ts';
import type { Image } from '../../image/images.ts';
import { cachedLayers } from '../builds/cache.ts';
import { assertKnownFilters, booleanFilter, type Filters, labelsPass, untilFilter } from '../filters.ts';
import { layersInUse } from '../lifecycle/create.ts';
import type { ImageContext } from './context.ts';
import { emitImage } from './emit.ts';
import { isIdOf, referenceOf } from './names.ts';
import { assertPlatform } from './platforms.ts';

/**
 * Removes a name from an image, and the image with its last name. By id: all names at once, unless they
 * belong to several repositories and `force` is not given.
 * @throws BargeError conflict while containers use it (a running one's cannot be forced).
 */
export async function removeImage(
  ctx: ImageContext,
  ref: string,
  { force, platforms = [] }: { readonly force: boolean; readonly platforms?: readonly Platform[] },
): Promise<ImageDeleteItem[]> {
  const image = ctx.images.find(ref);
  assertPlatform(image, ref, platforms);
  const reference = isIdOf(image, ref) ? undefined : referenceOf(ref);
  return reference && ctx.images.resolve(reference) === image.id
    ? await removeReference(ctx, image, withOneName(reference), force)
    : await removeById(ctx, image, force);
}

/** A digest alone decides; a tag before it is ignored. */
function withOneName({ tag, ...rest }: Reference): Reference {
  return tag && !rest.digest ? { ...rest, tag } : rest;
}

/** Every other name remains, and with it the image. */
async function removeReference(
  ctx: ImageContext,
  image: Image,
  reference: Reference,
  force: boolean,
): Promise<ImageDeleteItem[]> {
  if (isLastName(ctx, image, reference)) assertUnused(ctx, image, force, familiarString(reference));
  const behind = reference.digest ? [] : imagesOf(ctx.images, reference);
  const gone = dropName(ctx, image, reference);
  const { tags, digests } = ctx.images.names(image.id);
  if (tags.length + digests.length === 0 && usersOf(ctx, image).length === 0)
    return [...gone, ...(await deleteUnnamed(ctx, image, behind))];
  const members = dropMembers(
    ctx,
    behind.filter(({ id }) => id !== image.id),
  );
  if (members.length > 0) await collectGarbage(ctx);
  return [...gone, ...members];
}

/** Whether only the id of an image would remain: digests are removed with the last tag of their repository. */
function isLastName(ctx: ImageContext, image: Image, reference: Reference): boolean {
  const { tags, digests } = ctx.images.names(image.id);
  const repository = canonicalName(reference);
  const names = [...tags, ...digests].filter((name) => name !== familiarString(reference));
  if (reference.digest || tags.length > 1) return names.length === 0;
  return names.every((name) => canonicalName(parseReference(name)) === repository);
}

async function removeById(ctx: ImageContext, image: Image, force: boolean): Promise<ImageDeleteItem[]> {
  const { tags, digests } = ctx.images.names(image.id);
  const names = [...tags, ...digests].map(parseReference);
  if (new Set(names.map(canonicalName)).size > 1 && !force) {
    throw conflict(
      `conflict: unable to delete ${shortId(image.id)} (must be forced) - image is referenced in multiple repositories`,
    );
  }
  assertUnused(ctx, image, force, shortId(image.id));
  const behind = tags.map(parseReference).flatMap((tag) => imagesOf(ctx.images, tag));
  const gone = names.map((name) => untag(ctx, image, name));
  if (usersOf(ctx, image).length > 0) return gone;
  return [...gone, ...(await deleteUnnamed(ctx, image, behind))];
}

/** @param behind images that its removed names stood for. */
async function deleteUnnamed(
  ctx: ImageContext,
  image: Image,
  behind: readonly Image[],
): Promise<ImageDeleteItem[]> {
  deleteImage(ctx, image);
  const members = dropMembers(ctx, behind);
  await collectGarbage(ctx);
  return [{ Deleted: image.id }, ...goneLayers(ctx, image), ...members];
}

/** Images that existed only for an index that no tag stands for any more. */
function dropMembers(ctx: ImageContext, images: readonly Image[]): ImageDeleteItem[] {
  const unneeded = images.filter(
    (image) =>
      ctx.images.get(image.id) &&
      ctx.images.names(image.id).tags.length === 0 &&
      !ctx.images.isInIndex(image.id) &&
      usersOf(ctx, image).length === 0,
  );
  for (const image of unneeded) deleteImage(ctx, image);
  return unneeded.map(({ id }) => ({ Deleted: id }));
}

function goneLayers(ctx: ImageContext, image: Image): ImageDeleteItem[] {
  return image.config.rootfs.diff_ids.filter((id) => !ctx.layers.get(id)).map((id) => ({ Deleted: id }));
}

function untag(ctx: ImageContext, image: Image, reference: Reference): ImageDeleteItem {
  ctx.images.untag(reference);
  emitImage(ctx, image, 'untag', familiarString(reference));
  return { Untagged: familiarString(reference) };
}

/** Like `untag`; an image's digests in a repository are removed with its last tag there. */
function dropName(ctx: ImageContext, image: Image, reference: Reference): ImageDeleteItem[] {
  const items = [untag(ctx, image, reference)];
  if (reference.digest) return items;
  const { tags, digests } = ctx.images.names(image.id);
  const repository = canonicalName(reference);
  const inRepository = (name: string) => canonicalName(parseReference(name)) === repository;
  if (tags.some(inRepository)) return items;
  const behind = digests.filter(inRepository).map((name) => untag(ctx, image, parseReference(name)));
  return [...items, ...behind];
}

function usersOf(ctx: ImageContext, image: Image) {
  return ctx.containers.list().filter(({ definition: { imageId, mounts } }) => {
    return imageId === image.id || mounts.some(({ Type, Source }) => Type === 'image' && Source === image.id);
  });
}

function assertUnused(ctx: ImageContext, image: Image, force: boolean, ref: string): void {
  const users = usersOf(ctx, image);
  /* A container that only mounts the image has its own references to the layers. */
  const running = users.find(({ state, definition }) => isRunning(state) && definition.imageId === image.id);
  const short = shortId(image.id);
  if (running) {
    throw conflict(
      `conflict: unable to delete ${ref} (cannot be forced) - image is being used by running container ${shortId(running.definition.id)}`,
    );
  }
  const other = users[0];
  if (other && !force) {
    throw conflict(
      `conflict: unable to remove repository reference "${ref}" (must force) - container ${shortId(other.definition.id)} is using its referenced image ${short}`,
    );
  }
}

/** Removes every layer and blob that no image, container, cached build step or running operation needs. */
export async function collectGarbage(ctx: ImageContext): Promise<number> {
  const keep = new Set<string>([...layersInUse(ctx), ...cachedLayers(ctx.db)]);
  return await ctx.layers.collectGarbage(keep, (digest) => ctx.blobs.remove(digest));
}

const PRUNE_FILTERS = ['dangling', 'label', 'label!', 'until'];

/**
 * Removes images without a name, or with `dangling=false` all unused ones. @returns the removed images and the bytes of the
 * layers removed with them. @throws BargeError invalid-parameter for invalid filters.
 */
export async function pruneImages(
  ctx: ImageContext,
  filters: Filters,
): Promise<{ ImagesDeleted: ImageDeleteItem[]; SpaceReclaimed: number }> {
  assertKnownFilters(filters, PRUNE_FILTERS);
  const dangling = filters.get('dangling');
  const all = dangling ? !booleanFilter('dangling', dangling) : false;
  const until = untilFilter(filters);
  const names = ctx.images.allNames();
  const deleted: ImageDeleteItem[] = [];
  const gone: Image[] = [];
  const members: Image[] = [];
  for (const image of ctx.images.list()) {
    const { tags, digests } = names.get(image.id) ?? { tags: [], digests: [] };
    if (tags.length > 0 && !all) continue;
    if (tags.length === 0 && ctx.images.isInIndex(image.id)) continue;
    if (Date.parse(image.config.created ?? '') >= until) continue;
    if (!labelsPass(image.config.config?.Labels ?? {}, filters)) continue;
    const users = usersOf(ctx, image);
    if (users.length > 0) {
      const spare = spareTags(tags, users);
      deleted.push(...spare.flatMap((name) => dropName(ctx, image, parseReference(name))));
      continue;
    }
    members.push(...tags.map(parseReference).flatMap((tag) => imagesOf(ctx.images, tag)));
    for (const name of [...tags, ...digests]) deleted.push(untag(ctx, image, parseReference(name)));
    deleteImage(ctx, image);
    deleted.push({ Deleted: image.id });
    gone.push(image);
  }
  deleted.push(...dropMembers(ctx, members));
  const SpaceReclaimed = await collectGarbage(ctx);
  deleted.push(...gone.flatMap((image) => goneLayers(ctx, image)));
  ctx.events.emit('image', 'prune', '', { reclaimed: String(SpaceReclaimed) });
  return { ImagesDeleted: unique(deleted), SpaceReclaimed };
}

/** Tags of a used image that a prune removes: all but those that its containers name, or all but the last one. */
function spareTags(tags: readonly string[], users: readonly Container[]): string[] {
  const references = users.map(({ definition }) => referenceOf(definition.imageName));
  const named = new Set(references.map((reference) => reference && familiarString(reference)));
  const sorted = tags.toSorted();
  const kept = sorted.filter((tag) => named.has(tag));
  return sorted.filter((tag) => (kept.length > 0 ? !kept.includes(tag) : tag !== sorted.at(-1)));
}

function unique(items: readonly ImageDeleteItem[]): ImageDeleteItem[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}

function deleteImage(ctx: ImageContext, image: Image): void {
  ctx.images.remove(image.id);
  emitImage(ctx, image, 'delete', image.id);
}

import { isRunning } from '../../container/model.ts';
import { conflict } from '../../core/errors.ts';
import { shortId } from '../../core/ids.ts';
import { parseReference, type Reference } from '../../core/reference.ts';
import type { Image } from '../../image/images.ts';
import type { ImageDeleteItem } from '../../spec/engine.ts';
import { cachedLayers } from '../build/cache.ts';
import { layersInUse } from '../containers/create.ts';
import type { ImageContext } from './context.ts';
import { isIdOf, referenceOf } from './names.ts';

/**
 * Takes a name from an image, and removes the image with its last name. By id: all names at once, unless they
 * belong to several repositories and `force` is not given.
 * @throws BargeError conflict while containers use it (a running one's cannot be forced).
 */
export async function removeImage(
  ctx: ImageContext,
  word: string,
  force: boolean,
): Promise<ImageDeleteItem[]> {
  const image = ctx.images.find(word);
  const reference = isIdOf(image, word) ? undefined : referenceOf(word);
  const { tags, digests } = ctx.images.names(image.id);
  const result: ImageDeleteItem[] = [];
  if (reference && ctx.images.resolve(reference) === image.id) {
    const others = tags.filter((tag) => tag !== shown(reference));
    if (reference.tag && others.length > 0) return [untag(ctx, image, reference)];
    assertUnused(ctx, image, force, shown(reference));
  } else {
    if (new Set(tags.map((tag) => tag.replace(/:[^/:]*$/, ''))).size > 1 && !force) {
      throw conflict(
        `conflict: unable to delete ${shortId(image.id)} (must be forced) - image is referenced in multiple repositories`,
      );
    }
    assertUnused(ctx, image, force, shortId(image.id));
  }
  for (const name of [...tags, ...digests]) result.push(untag(ctx, image, parseReference(name)));
  if (usersOf(ctx, image).length > 0) return result;
  ctx.images.remove(image.id);
  ctx.events.emit('image', 'delete', image.id, { name: image.id });
  await collectGarbage(ctx);
  return [...result, { Deleted: image.id }, ...goneLayers(ctx, image)];
}

function goneLayers(ctx: ImageContext, image: Image): ImageDeleteItem[] {
  return image.config.rootfs.diff_ids.filter((id) => !ctx.layers.get(id)).map((id) => ({ Deleted: id }));
}

function shown(reference: Reference): string {
  const { tag, digest } = reference;
  const name =
    reference.domain === 'docker.io'
      ? reference.path.replace(/^library\//, '')
      : `${reference.domain}/${reference.path}`;
  return `${name}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
}

function untag(ctx: ImageContext, image: Image, reference: Reference): ImageDeleteItem {
  ctx.images.untag(reference);
  ctx.events.emit('image', 'untag', image.id, { name: shown(reference) });
  return { Untagged: shown(reference) };
}

function usersOf(ctx: ImageContext, image: Image) {
  return ctx.containers.list().filter(({ definition }) => definition.imageId === image.id);
}

function assertUnused(ctx: ImageContext, image: Image, force: boolean, word: string): void {
  const users = usersOf(ctx, image);
  const running = users.find(({ state }) => isRunning(state));
  const short = shortId(image.id);
  if (running) {
    throw conflict(
      `conflict: unable to delete ${word} (cannot be forced) - image is being used by running container ${shortId(running.definition.id)}`,
    );
  }
  const stopped = users[0];
  if (stopped && !force) {
    throw conflict(
      `conflict: unable to remove repository reference "${word}" (must force) - container ${shortId(stopped.definition.id)} is using its referenced image ${short}`,
    );
  }
}

/** Removes every layer and blob that no image, container, cached build step or running operation needs. */
export async function collectGarbage(ctx: ImageContext): Promise<number> {
  const keep = new Set<string>([...layersInUse(ctx), ...cachedLayers(ctx.db)]);
  return await ctx.layers.collectGarbage(keep, (digest) => ctx.blobs.remove(digest));
}

/** Images without a name (or, with `all`, those no container uses) go. @returns what went and bytes freed. */
export async function pruneImages(
  ctx: ImageContext,
  all: boolean,
): Promise<{ ImagesDeleted: ImageDeleteItem[]; SpaceReclaimed: number }> {
  const names = ctx.images.allNames();
  const deleted: ImageDeleteItem[] = [];
  for (const image of ctx.images.list()) {
    const tagged = (names.get(image.id)?.tags.length ?? 0) > 0;
    if ((tagged && !all) || usersOf(ctx, image).length > 0) continue;
    const { tags, digests } = names.get(image.id) ?? { tags: [], digests: [] };
    for (const name of [...tags, ...digests]) deleted.push(untag(ctx, image, parseReference(name)));
    ctx.images.remove(image.id);
    deleted.push({ Deleted: image.id });
  }
  return { ImagesDeleted: deleted, SpaceReclaimed: await collectGarbage(ctx) };
}

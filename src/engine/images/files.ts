import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ImageContext } from './context.ts';
import { collectGarbage } from './remove.ts';

/** Passes an image's root file system to `use` as a tar, with owners and modes. @throws BargeError not-found. */
export async function withImageFiles(
  ctx: ImageContext & { readonly dataRoot: string },
  ref: string,
  signal: AbortSignal,
  use: (tar: Readable) => Promise<void>,
): Promise<void> {
  const { config } = ctx.images.find(ref);
  const layers = config.rootfs.diff_ids;
  using _lease = ctx.layers.lease(layers);
  const parent = join(ctx.dataRoot, 'tmp');
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const root = await mkdtemp(join(parent, 'files-'));
  try {
    await use(ctx.host.files.packTar({ root, overlay: ctx.layers.overlay(layers), signal }));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Removes an image that no name and no container refers to: one that was built only for its files. */
export async function dropUnnamed(ctx: ImageContext, ref: string): Promise<void> {
  const image = ctx.images.find(ref);
  const { tags, digests } = ctx.images.names(image.id);
  const used = ctx.containers.list().some(({ definition }) => definition.imageId === image.id);
  if (used || tags.length + digests.length > 0) return;
  ctx.images.remove(image.id);
  await collectGarbage(ctx);
}

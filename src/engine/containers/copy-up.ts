import { mkdir, readdir, rename } from 'node:fs/promises';
import type { Container, ContainerDefinition, ResolvedMount } from '../../container/model.ts';
import { errnoOf, systemError } from '../../core/errors.ts';
import { HeldMount, isEmptyBelow, packTar, statBelow, unpackTar } from '../../host/fs-tool.ts';
import { removeTree } from '../../host/remove-tree.ts';
import { isMounted } from '../../volume/driver-options.ts';
import type { Volume } from '../../volume/volumes.ts';
import { containersOf } from '../volumes/users.ts';
import type { ContainerContext } from './context.ts';
import { volumeNames } from './mounting.ts';

const S_IFDIR = 0o040000;
const S_IFMT = 0o170000;

type CopyContext = Pick<ContainerContext, 'runner' | 'layers' | 'volumes' | 'mounted' | 'containers'>;

/** Fills empty volumes with what the image has at their destinations, as Docker does at a volume's first use. */
export async function copyUpVolumes(ctx: CopyContext, { definition }: Container): Promise<void> {
  const wishes = definition.mounts.filter(({ copyUp }) => copyUp);
  if (wishes.length === 0) return;
  const volumes = volumeNames(wishes).map((name) => ctx.volumes.get(name));
  try {
    for (const volume of volumes) await ctx.mounted.use(volume, definition.id);
    await fill(ctx, definition, wishes);
  } finally {
    for (const volume of volumes) await ctx.mounted.release(volume, definition.id);
  }
}

async function fill(
  ctx: CopyContext,
  definition: ContainerDefinition,
  wishes: readonly ResolvedMount[],
): Promise<void> {
  const empty: ResolvedMount[] = [];
  for (const wish of wishes) if (await isEmpty(wish)) empty.push(wish);
  if (empty.length === 0) return;
  const folders = ctx.runner.folders(definition.id);
  await mkdir(folders.rootfs, { recursive: true, mode: 0o711 });
  await using image = await HeldMount.open(folders.rootfs, ctx.layers.overlay(definition.layers));
  for (const wish of empty) {
    const kind = await kindOf(image.path, wish.Destination.slice(1));
    if (kind === 'folder') await copy(ctx, image.path, wish);
    else if (kind === 'other' && wish.anonymous) {
      throw systemError(`cannot mount volume over existing file, file exists ${wish.Destination}`);
    }
  }
}

/** A sub-path may be somebody's who changes it meanwhile. */
async function isEmpty({ Source = '', subpath = '' }: ResolvedMount): Promise<boolean> {
  try {
    return subpath ? await isEmptyBelow(Source, subpath) : (await readdir(Source)).length === 0;
  } catch (error) {
    if (subpath || ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

async function kindOf(root: string, path: string): Promise<'folder' | 'other' | 'none'> {
  try {
    return ((await statBelow(root, path)).mode & S_IFMT) === S_IFDIR ? 'folder' : 'other';
  } catch {
    return 'none';
  }
}

async function copy(ctx: CopyContext, root: string, wish: ResolvedMount): Promise<void> {
  const volume = ctx.volumes.get(wish.Name ?? '');
  const tar = packTar({ root, path: wish.Destination.slice(1), ownAttributes: true });
  const inPlace = wish.subpath || isMounted(volume.options) || containersOf(ctx, volume.name).length > 1;
  if (inPlace) {
    const path = wish.subpath ? { path: wish.subpath } : {};
    await unpackTar({ root: volume.mountpoint, ...path, tar });
  } else await fillAtOnce(ctx, volume, (folder) => unpackTar({ root: folder, tar }));
}

/** A crash leaves the volume empty or full: half of it would never be made whole. */
async function fillAtOnce(
  ctx: CopyContext,
  volume: Volume,
  write: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = ctx.volumes.temporary();
  await mkdir(folder, { mode: 0o755 });
  try {
    await write(folder);
    await rename(folder, volume.mountpoint);
  } catch (error) {
    await removeTree(folder);
    /* Somebody else was quicker. */
    if (!['ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '')) throw error;
  }
}

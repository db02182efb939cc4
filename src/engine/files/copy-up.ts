import { mkdir, readdir, rename } from 'node:fs/promises';
import type { Container, ContainerDefinition, ResolvedMount } from '../../container/model.ts';
import { errnoOf, systemError } from '../../core/errors.ts';
import { isMounted } from '../../volume/driver-options.ts';
import type { Volume } from '../../volume/volumes.ts';
import type { ContainerContext } from '../lifecycle/context.ts';
import { volumeNames } from '../lifecycle/mounting.ts';
import { containersOf } from '../volumes/users.ts';

const S_IFDIR = 0o040000;
const S_IFMT = 0o170000;

type HostContext = Pick<ContainerContext, 'host'>;
type CopyContext = HostContext & Pick<ContainerContext, 'containers' | 'volumes'>;
type FillContext = CopyContext & Pick<ContainerContext, 'layers' | 'runner'>;
export type CopyUpContext = FillContext & Pick<ContainerContext, 'mounted'>;

/** Fills empty volumes with what the image has at their destinations, as Docker does at a volume's first use. */
export async function copyUpVolumes(ctx: CopyUpContext, { definition }: Container): Promise<void> {
  const requests = definition.mounts.filter(({ copyUp }) => copyUp);
  if (requests.length === 0) return;
  const volumes = volumeNames(requests).map((name) => ctx.volumes.get(name));
  try {
    for (const volume of volumes) await ctx.mounted.use(volume, definition.id);
    await fill(ctx, definition, requests);
  } finally {
    for (const volume of volumes) await ctx.mounted.release(volume, definition.id);
  }
}

async function fill(
  ctx: FillContext,
  definition: ContainerDefinition,
  requests: readonly ResolvedMount[],
): Promise<void> {
  const empty: ResolvedMount[] = [];
  for (const request of requests) if (await isEmpty(ctx, request)) empty.push(request);
  if (empty.length === 0) return;
  const directories = ctx.runner.directories(definition.id);
  await mkdir(directories.rootfs, { recursive: true, mode: 0o711 });
  await using image = await ctx.host.files.holdMount(
    directories.rootfs,
    ctx.layers.overlay(definition.layers),
  );
  for (const request of empty) {
    const kind = await kindOf(ctx, image.path, request.Destination.slice(1));
    if (kind === 'directory') await copy(ctx, image.path, request);
    else if (kind === 'other' && request.anonymous) {
      throw systemError(`cannot mount volume over existing file, file exists ${request.Destination}`);
    }
  }
}

/** A sub-path may be somebody's who changes it meanwhile. */
async function isEmpty(ctx: HostContext, { Source = '', subpath = '' }: ResolvedMount): Promise<boolean> {
  try {
    return subpath
      ? await ctx.host.files.isEmptyBelow(Source, subpath)
      : (await readdir(Source)).length === 0;
  } catch (error) {
    if (subpath || ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

async function kindOf(ctx: HostContext, root: string, path: string): Promise<'directory' | 'other' | 'none'> {
  try {
    return ((await ctx.host.files.statBelow(root, path)).mode & S_IFMT) === S_IFDIR ? 'directory' : 'other';
  } catch {
    return 'none';
  }
}

async function copy(ctx: CopyContext, root: string, request: ResolvedMount): Promise<void> {
  const volume = ctx.volumes.get(request.Name ?? '');
  const tar = ctx.host.files.packTar({ root, path: request.Destination.slice(1), ownAttributes: true });
  const inPlace = request.subpath || isMounted(volume.options) || containersOf(ctx, volume.name).length > 1;
  if (inPlace) {
    const path = request.subpath ? { path: request.subpath } : {};
    await ctx.host.files.unpackTar({ root: volume.mountpoint, ...path, tar });
  } else await fillAtOnce(ctx, volume, (directory) => ctx.host.files.unpackTar({ root: directory, tar }));
}

/** A crash leaves the volume empty or full: half of it would never be made whole. */
async function fillAtOnce(
  ctx: Pick<CopyContext, 'host' | 'volumes'>,
  volume: Volume,
  write: (directory: string) => Promise<void>,
): Promise<void> {
  const directory = ctx.volumes.temporary();
  await mkdir(directory, { mode: 0o755 });
  try {
    await write(directory);
    await rename(directory, volume.mountpoint);
  } catch (error) {
    await ctx.host.files.removeTree(directory);
    /* Somebody else was quicker. */
    if (!['ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '')) throw error;
  }
}

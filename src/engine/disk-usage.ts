import { stat } from 'node:fs/promises';
import type { ImageSummary } from '../api/engine/images.ts';
import { isBusy } from '../container/life/state.ts';
import type { ContainerStore } from '../container/store.ts';
import { errnoOf, invalidParameter } from '../core/errors.ts';
import { limiter } from '../core/limiter.ts';
import type { Files } from '../host/files.ts';
import type { VolumeStore } from '../volume/volumes.ts';
import { type BuildCacheItem, type CacheItemsContext, cacheItems } from './builds/usage.ts';
import { type ImageListContext, listImages } from './images/inspect.ts';
import { type DescribeContext, type ListedContainer, listed } from './query/list.ts';
import { containerSizes, type SizeContext } from './query/sizes.ts';
import { showVolume } from './volumes/manage.ts';
import { referenceCounts } from './volumes/users.ts';

/** What one kind of object takes of the disk. Bytes. */
export interface Usage<T> {
  readonly ActiveCount: number;
  readonly TotalCount: number;
  readonly Reclaimable: number;
  readonly TotalSize: number;
  readonly Items: readonly T[];
}

interface VolumeUsageContext {
  readonly containers: Pick<ContainerStore, 'list'>;
  readonly host: { readonly files: Pick<Files, 'directorySize'> };
  readonly volumes: Pick<VolumeStore, 'list'>;
}

type DiskUsageContext = CacheItemsContext &
  DescribeContext &
  ImageListContext &
  SizeContext &
  VolumeUsageContext;

/** Only the kinds that were asked for. */
export interface DiskUsage {
  readonly image?: Usage<ImageSummary>;
  readonly container?: Usage<ListedContainer>;
  readonly volume?: Usage<Record<string, unknown>>;
  readonly 'build-cache'?: Usage<BuildCacheItem>;
}

const KINDS = ['container', 'image', 'volume', 'build-cache'] as const;

/** Processes that add up side by side. */
const WIDTH = 4;

const sum = <T>(items: readonly T[], size: (item: T) => number) =>
  items.reduce((total, item) => total + size(item), 0);

/** Adds up what the data root holds. @param kinds none: all. @throws BargeError invalid-parameter for others. */
export async function diskUsageOf(
  ctx: DiskUsageContext,
  kinds: readonly string[],
  signal: AbortSignal,
): Promise<DiskUsage> {
  const unknown = kinds.find((kind) => !(KINDS as readonly string[]).includes(kind));
  if (unknown !== undefined) throw invalidParameter(`unknown object type: ${unknown}`);
  const wants = (kind: (typeof KINDS)[number]) => kinds.length === 0 || kinds.includes(kind);
  const [container, volume, cache] = await Promise.all([
    wants('container') ? containers(ctx, signal) : undefined,
    wants('volume') ? volumes(ctx, signal) : undefined,
    wants('build-cache') ? buildCache(ctx, signal) : undefined,
  ]);
  return {
    ...(wants('image') ? { image: images(ctx) } : {}),
    ...(container ? { container } : {}),
    ...(volume ? { volume } : {}),
    ...(cache ? { 'build-cache': cache } : {}),
  };
}

/** Layers count once, whatever number of images has them. Those of used images cannot be reclaimed. */
function images(ctx: ImageListContext): Usage<ImageSummary> {
  const Items = listImages(ctx, { filters: new Map(), all: true, digests: true });
  const used = new Set(ctx.containers.list().map(({ definition }) => definition.imageId as string));
  const sizeOfLayers = (ids: readonly string[]) => {
    const layers = new Set(
      ctx.images.list().flatMap(({ id, config }) => (ids.includes(id) ? config.rootfs.diff_ids : [])),
    );
    return sum([...layers], (diffId) => ctx.layers.get(diffId)?.size ?? 0);
  };
  const TotalSize = sizeOfLayers(Items.map(({ Id }) => Id));
  return {
    ActiveCount: Items.filter(({ Id }) => used.has(Id)).length,
    TotalCount: Items.length,
    Reclaimable: TotalSize - sizeOfLayers([...used]),
    TotalSize,
    Items,
  };
}

async function containers(
  ctx: DescribeContext & SizeContext,
  signal: AbortSignal,
): Promise<Usage<ListedContainer>> {
  const all = ctx.containers.list();
  const sizes = await containerSizes(ctx, all, signal);
  const busy = all.map(({ state }) => isBusy(state));
  return {
    ActiveCount: busy.filter(Boolean).length,
    TotalCount: all.length,
    Reclaimable: sum([...sizes.entries()], ([i, { SizeRw }]) => (busy[i] ? 0 : SizeRw)),
    TotalSize: sum(sizes, ({ SizeRw }) => SizeRw),
    Items: listed(ctx, all, sizes),
  };
}

async function volumes(
  ctx: VolumeUsageContext,
  signal: AbortSignal,
): Promise<Usage<Record<string, unknown>>> {
  const limited = limiter(WIDTH);
  const references = referenceCounts(ctx);
  const measured = await Promise.all(
    ctx.volumes.list().map(async (volume) => ({
      volume,
      size: await limited(() => sizeIfThere(ctx.host.files, volume.mountpoint, signal)),
      users: references.get(volume.name) ?? 0,
    })),
  );
  return {
    ActiveCount: measured.filter(({ users }) => users > 0).length,
    TotalCount: measured.length,
    Reclaimable: sum(measured, ({ size, users }) => (users > 0 ? 0 : size)),
    TotalSize: sum(measured, ({ size }) => size),
    Items: measured.map(({ volume, size, users }) => ({
      ...showVolume(volume),
      UsageData: { Size: size, RefCount: users },
    })),
  };
}

async function sizeIfThere(
  files: Pick<Files, 'directorySize'>,
  directory: string,
  signal: AbortSignal,
): Promise<number> {
  try {
    await stat(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    throw error;
  }
  return await files.directorySize(directory, signal);
}

async function buildCache(ctx: CacheItemsContext, signal: AbortSignal): Promise<Usage<BuildCacheItem>> {
  const Items = await cacheItems(ctx, signal);
  return {
    ActiveCount: 0,
    TotalCount: Items.length,
    Reclaimable: sum(Items, ({ Shared, Size }) => (Shared ? 0 : Size)),
    TotalSize: sum(Items, ({ Size }) => Size),
    Items,
  };
}

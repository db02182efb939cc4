import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../core/errors.ts';
import { limiter } from '../../core/limiter.ts';
import type { ImageContext } from '../images/context.ts';
import { listRecords } from './cache.ts';

/** An item of the build cache, as in `/system/df`. */
export interface BuildCacheItem {
  readonly ID: string;
  readonly Type: 'regular' | 'exec.cachemount' | 'source.local';
  readonly Description: string;
  readonly InUse: boolean;
  /** An image or another record has the same layer, so removing this record frees nothing. */
  readonly Shared: boolean;
  /** Bytes. */
  readonly Size: number;
  readonly CreatedAt: string;
  readonly LastUsedAt: string | null;
  readonly UsageCount: number;
}

export interface UsageContext extends ImageContext {
  readonly dataRoot: string;
}

export type CacheItemsContext = Pick<UsageContext, 'dataRoot' | 'db' | 'host' | 'images' | 'layers'>;

/** Maximum number of parallel size calculations. */
const WIDTH = 4;

/** Directories of the data root that belong to the build cache. */
export const CACHE_DIRECTORIES = {
  'exec.cachemount': 'build-caches',
  'source.local': 'build-contexts',
} as const;
type CacheDirectoryType = keyof typeof CACHE_DIRECTORIES;

/** Steps, directories of `RUN --mount=type=cache`, and contexts that clients sent; the least recently used first. */
export async function cacheItems(ctx: CacheItemsContext, signal?: AbortSignal): Promise<BuildCacheItem[]> {
  const directories = await Promise.all([
    directoryItems(ctx, 'exec.cachemount', 'RUN --mount=type=cache', signal),
    directoryItems(ctx, 'source.local', 'build context', signal),
  ]);
  const all = [...stepItems(ctx), ...directories.flat()];
  return all.sort((a, b) => ((a.LastUsedAt ?? '') < (b.LastUsedAt ?? '') ? -1 : 1));
}

function stepItems(ctx: CacheItemsContext): BuildCacheItem[] {
  const inImages = new Set<string>(ctx.images.list().flatMap(({ config }) => config.rootfs.diff_ids));
  const seen = new Set<string>();
  return listRecords(ctx.db).map(({ key, layer, record, usedAt }) => {
    const again = layer !== undefined && seen.has(layer);
    const Size = layer && !again ? (ctx.layers.get(layer)?.size ?? 0) : 0;
    if (layer) seen.add(layer);
    return {
      ID: key,
      Type: 'regular',
      Description: record.description ?? '',
      InUse: false,
      Shared: layer !== undefined && (again || inImages.has(layer)),
      Size,
      CreatedAt: record.created,
      LastUsedAt: new Date(usedAt).toISOString(),
      UsageCount: (record.uses ?? 0) + 1,
    };
  });
}

async function directoryItems(
  ctx: Pick<CacheItemsContext, 'dataRoot' | 'host'>,
  Type: CacheDirectoryType,
  Description: string,
  signal: AbortSignal | undefined,
): Promise<BuildCacheItem[]> {
  const root = join(ctx.dataRoot, CACHE_DIRECTORIES[Type]);
  const limited = limiter(WIDTH);
  const measured = (await namesIn(root)).map(async (name) => {
    const directory = join(root, name);
    try {
      const { birthtime, mtime } = await stat(directory);
      const Size = await limited(() => ctx.host.files.directorySize(directory, signal));
      const times = { CreatedAt: birthtime.toISOString(), LastUsedAt: mtime.toISOString() };
      return [{ ID: name, Type, Description, InUse: false, Shared: false, Size, UsageCount: 1, ...times }];
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return []; /* it has been removed meanwhile */
      throw error;
    }
  });
  return (await Promise.all(measured)).flat();
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

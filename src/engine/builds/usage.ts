import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../core/errors.ts';
import { limiter } from '../../core/limiter.ts';
import { folderSize } from '../../host/fs-tool.ts';
import type { ImageContext } from '../images/context.ts';
import { listRecords } from './cache.ts';

/** What the build cache holds, as `/system/df` shows it. */
export interface BuildCacheItem {
  readonly ID: string;
  readonly Type: 'regular' | 'exec.cachemount' | 'source.local';
  readonly Description: string;
  readonly InUse: boolean;
  /** An image, or another record, has the same layer: removing this one frees nothing. */
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

/** Processes that add up side by side. */
const WIDTH = 4;

/** Folders of the data root that belong to the build cache. */
export const CACHE_FOLDERS = { 'exec.cachemount': 'build-caches', 'source.local': 'build-contexts' } as const;
export type CacheFolderType = keyof typeof CACHE_FOLDERS;

/** Steps, folders of `RUN --mount=type=cache`, and contexts that clients sent; the longest unused first. */
export async function cacheItems(ctx: UsageContext, signal?: AbortSignal): Promise<BuildCacheItem[]> {
  const folders = await Promise.all([
    folderItems(ctx, 'exec.cachemount', 'RUN --mount=type=cache', signal),
    folderItems(ctx, 'source.local', 'build context', signal),
  ]);
  const all = [...stepItems(ctx), ...folders.flat()];
  return all.sort((a, b) => ((a.LastUsedAt ?? '') < (b.LastUsedAt ?? '') ? -1 : 1));
}

function stepItems(ctx: UsageContext): BuildCacheItem[] {
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

async function folderItems(
  ctx: UsageContext,
  Type: CacheFolderType,
  Description: string,
  signal: AbortSignal | undefined,
): Promise<BuildCacheItem[]> {
  const root = join(ctx.dataRoot, CACHE_FOLDERS[Type]);
  const limited = limiter(WIDTH);
  const measured = (await namesIn(root)).map(async (name) => {
    const folder = join(root, name);
    try {
      const { birthtime, mtime } = await stat(folder);
      const Size = await limited(() => folderSize(folder, signal));
      const times = { CreatedAt: birthtime.toISOString(), LastUsedAt: mtime.toISOString() };
      return [{ ID: name, Type, Description, InUse: false, Shared: false, Size, UsageCount: 1, ...times }];
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return []; /* it has gone meanwhile */
      throw error;
    }
  });
  return (await Promise.all(measured)).flat();
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

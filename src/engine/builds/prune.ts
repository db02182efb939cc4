import { rename, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { newId, shortId } from '../../core/ids.ts';
import type { Filters } from '../filters.ts';
import { collectGarbage } from '../images/remove.ts';
import { forgetRecord } from './cache.ts';
import { cacheFilter } from './cache-filter.ts';
import { type BuildCacheItem, CACHE_DIRECTORIES, cacheItems, type UsageContext } from './usage.ts';

/** What may be pruned from the build cache, and how much is to remain. Sizes are in bytes; absent means no limit. */
export interface PruneOptions {
  /** Include records whose layers images use, too. */
  readonly all: boolean;
  readonly filters: Filters;
  /** Pruning stops when at most this much remains. */
  readonly reservedSpace?: number;
  /** Without it, everything that matches is pruned; with it, only the excess. */
  readonly maxUsedSpace?: number;
  /** Pruning stops when this much is free on the disk. */
  readonly minFreeSpace?: number;
  /** Milliseconds: only records that have been unused for at least this long. */
  readonly keepDuration?: number;
}

/** The cache mounts and contexts that builds in progress use. */
export interface DirectoriesInUse {
  readonly caches: { inUse(name: string): boolean };
  readonly contexts: { inUse(name: string): boolean };
}

interface Pruned {
  readonly CachesDeleted: string[];
  readonly SpaceReclaimed: number;
}

/** Removes what the options select, the least recently used first. @throws BargeError invalid-parameter for invalid filters. */
export async function pruneBuildCache(
  ctx: UsageContext,
  state: DirectoriesInUse,
  options: PruneOptions,
): Promise<Pruned> {
  const fits = cacheFilter(options);
  const items = await cacheItems(ctx);
  const candidates = items.filter((item) => fits(item) && !inUse(state, item));
  const excess = await excessOf(ctx, options, items);
  const gone: string[] = [];
  let freed = 0;
  for (const item of candidates) {
    if (freed >= excess) break;
    await removeItem(ctx, item);
    gone.push(item.ID);
    if (!item.Shared) freed += item.Size;
  }
  const layers = gone.length === 0 ? 0 : await collectGarbage(ctx);
  const directories = candidates.filter((item) => item.Type !== 'regular' && gone.includes(item.ID));
  return {
    CachesDeleted: gone,
    SpaceReclaimed: layers + directories.reduce((sum, item) => sum + item.Size, 0),
  };
}

/** Bytes to remove; without any limit, all. */
async function excessOf(
  ctx: UsageContext,
  { reservedSpace, maxUsedSpace, minFreeSpace }: PruneOptions,
  items: readonly BuildCacheItem[],
): Promise<number> {
  const bounds = [reservedSpace, maxUsedSpace, minFreeSpace].filter((bound) => bound !== undefined);
  if (bounds.length === 0) return Number.POSITIVE_INFINITY;
  const used = items.reduce((sum, item) => sum + (item.Shared ? 0 : item.Size), 0);
  const over = maxUsedSpace === undefined ? 0 : used - maxUsedSpace;
  const short = minFreeSpace === undefined ? 0 : minFreeSpace - (await freeBytes(ctx.dataRoot));
  const asked = maxUsedSpace === undefined && minFreeSpace === undefined ? used : Math.max(over, short);
  return Math.max(0, Math.min(asked, used - (reservedSpace ?? 0)));
}

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

/** Whether a build in progress uses it. */
export function inUse(state: DirectoriesInUse, { Type, ID }: BuildCacheItem): boolean {
  if (Type === 'exec.cachemount') return state.caches.inUse(ID);
  return Type === 'source.local' && state.contexts.inUse(ID);
}

/** A directory is renamed before its removal, so that no build finds a partial one. */
async function removeItem(ctx: UsageContext, { Type, ID }: BuildCacheItem): Promise<void> {
  if (Type === 'regular') {
    forgetRecord(ctx.db, ID);
    return;
  }
  const doomed = join(ctx.dataRoot, 'tmp', `pruned-${shortId(newId())}`);
  await rename(join(ctx.dataRoot, CACHE_DIRECTORIES[Type], ID), doomed);
  await ctx.host.files.removeTree(doomed);
}

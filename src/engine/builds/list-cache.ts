import type { Filters } from '../filters.ts';
import { cacheFilter } from './cache-filter.ts';
import { type DirectoriesInUse, inUse } from './prune.ts';
import { type BuildCacheItem, cacheItems, type UsageContext } from './usage.ts';

/** What the cache has that fits, the longest unused first. @throws BargeError invalid-parameter for filters. */
export async function listBuildCache(
  ctx: UsageContext,
  state: DirectoriesInUse,
  filters: Filters,
  signal: AbortSignal,
): Promise<BuildCacheItem[]> {
  const fits = cacheFilter({ all: true, filters });
  const items = await cacheItems(ctx, signal);
  return items.map((item) => (inUse(state, item) ? { ...item, InUse: true } : item)).filter(fits);
}

import type { Filters } from '../filters.ts';
import { cacheFilter } from './cache-filter.ts';
import { type DirectoriesInUse, inUse } from './prune.ts';
import { type BuildCacheItem, cacheItems, type UsageContext } from './usage.ts';

/** The matching items of the cache, the least recently used first. @throws BargeError invalid-parameter for invalid filters. */
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

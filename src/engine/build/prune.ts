import { rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { invalidParameter } from '../../core/errors.ts';
import { newId, shortId } from '../../core/ids.ts';
import { parseDuration } from '../../core/units.ts';
import { assertKnownFilters, booleanFilter, type Filters } from '../filters.ts';
import { collectGarbage } from '../images/remove.ts';
import type { BuildState } from './builds.ts';
import { forgetRecord } from './cache.ts';
import { type BuildCacheItem, CACHE_FOLDERS, cacheItems, type UsageContext } from './usage.ts';

/** What may go of the build cache, and how much is to stay. Sizes in bytes; absent: no such bound. */
export interface PruneOptions {
  /** Records of layers that images have, too. */
  readonly all: boolean;
  readonly filters: Filters;
  /** Removing ends when no more than this is left. */
  readonly reservedSpace?: number;
  /** Without it everything that fits goes; with it, only what is above. */
  readonly maxUsedSpace?: number;
  /** Only as much goes as it takes to have this much free on the disk. */
  readonly minFreeSpace?: number;
  /** Milliseconds: only what nobody used for so long. */
  readonly keepDuration?: number;
}

const FILTERS = [
  'id',
  'type',
  'description',
  'inuse',
  'shared',
  'private',
  'mutable',
  'immutable',
  'until',
  'unused-for',
];

export interface Pruned {
  readonly CachesDeleted: string[];
  readonly SpaceReclaimed: number;
}

/** Removes what the options let go, the longest unused first. @throws BargeError invalid-parameter for filters. */
export async function pruneBuildCache(
  ctx: UsageContext,
  state: BuildState,
  options: PruneOptions,
): Promise<Pruned> {
  const fits = matcher(options);
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
  const folders = candidates.filter((item) => item.Type !== 'regular' && gone.includes(item.ID));
  return { CachesDeleted: gone, SpaceReclaimed: layers + folders.reduce((sum, item) => sum + item.Size, 0) };
}

/** Bytes to remove; without any bound, all. */
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

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

function inUse(state: BuildState, { Type, ID }: BuildCacheItem): boolean {
  if (Type === 'exec.cachemount') return state.caches.inUse(ID);
  return Type === 'source.local' && state.contexts.inUse(ID);
}

/** A folder leaves its place by rename, so that no build finds half of one. */
async function removeItem(ctx: UsageContext, { Type, ID }: BuildCacheItem): Promise<void> {
  if (Type === 'regular') {
    forgetRecord(ctx.db, ID);
    return;
  }
  const doomed = join(ctx.dataRoot, 'tmp', `pruned-${shortId(newId())}`);
  await rename(join(ctx.dataRoot, CACHE_FOLDERS[Type], ID), doomed);
  await rm(doomed, { recursive: true, force: true });
}

function matcher(options: PruneOptions): (item: BuildCacheItem) => boolean {
  const { filters, all, keepDuration = 0 } = options;
  assertKnownFilters(filters, FILTERS);
  const ages = [...(filters.get('until') ?? []), ...(filters.get('unused-for') ?? [])].map(milliseconds);
  const oldest = Date.now() - Math.max(keepDuration, ...ages);
  const texts = (name: string) => filters.get(name);
  const flags = ['inuse', 'shared', 'private', 'mutable', 'immutable'].flatMap((name) => {
    const values = filters.get(name);
    return values ? [{ name, wanted: values.every((v) => v === '') || booleanFilter(name, values) }] : [];
  });
  return (item) => {
    if (item.Shared && !all) return false;
    if (Date.parse(item.LastUsedAt ?? item.CreatedAt) > oldest) return false;
    if (texts('id')?.every((id) => !item.ID.replace(/^sha256:/, '').startsWith(id.replace(/^sha256:/, ''))))
      return false;
    if (texts('type')?.every((type) => type !== item.Type)) return false;
    if (texts('description')?.every((part) => !item.Description.includes(part))) return false;
    return flags.every(({ name, wanted }) => flagOf(item, name) === wanted);
  };
}

function flagOf(item: BuildCacheItem, name: string): boolean {
  switch (name) {
    case 'inuse':
      return item.InUse;
    case 'shared':
      return item.Shared;
    case 'private':
      return !item.Shared;
    case 'mutable':
      return item.Type !== 'regular';
    default:
      return item.Type === 'regular';
  }
}

/** `24h`, as Docker writes durations. */
function milliseconds(text: string): number {
  try {
    return parseDuration(text) / 1e6;
  } catch (cause) {
    throw invalidParameter(`invalid duration "${text}": want for example 24h`, { cause });
  }
}

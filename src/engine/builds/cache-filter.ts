import { invalidParameter } from '../../core/errors.ts';
import { parseDuration } from '../../core/units.ts';
import { assertKnownFilters, booleanFilter, type Filters } from '../filters.ts';
import type { BuildCacheItem } from './usage.ts';

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

/** The conditions on a record. */
interface CacheRequest {
  /** Include records whose layers images use, too. */
  readonly all: boolean;
  readonly filters: Filters;
  /** Milliseconds: only records that have been unused for at least this long. */
  readonly keepDuration?: number;
}

/** @throws BargeError invalid-parameter for unknown filters. */
export function cacheFilter(options: CacheRequest): (item: BuildCacheItem) => boolean {
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

/** A duration in Docker's syntax, such as `24h`. */
function milliseconds(text: string): number {
  try {
    return parseDuration(text) / 1e6;
  } catch (cause) {
    throw invalidParameter(`invalid duration "${text}": want, for example, 24h`, { cause });
  }
}

import { statfs } from 'node:fs/promises';
import { invalidParameter } from '../../core/errors.ts';
import { parseBytes, parseDuration } from '../../core/units.ts';
import type { Filters } from '../filters.ts';
import { type DirectoriesInUse, type PruneOptions, pruneBuildCache } from './prune.ts';
import type { BuilderSettings } from './settings.ts';
import type { UsageContext } from './usage.ts';

/** The default policy: at most a fifth of the disk, and nothing unused for 60 days. */
const SHARE = 0.2;
const MAX_AGE_MS = 60 * 24 * 3600_000;
/** Contexts and cache mounts are quick to recreate. */
const DIRECTORIES_AGE_MS = 14 * 24 * 3600_000;

type Rule = Omit<PruneOptions, 'filters'> & { readonly filters?: Filters };

/** @throws BargeError invalid-parameter for an invalid size, duration or filter. */
export function gcRules(settings: BuilderSettings, diskBytes: number): Rule[] {
  const { gc = {} } = settings;
  if (gc.enabled === false) return [];
  if (gc.policy) return gc.policy.map(policyRule);
  const reserved = size(gc.defaultReservedSpace ?? gc.defaultKeepStorage);
  const most = size(gc.defaultMaxUsedSpace) ?? reserved ?? Math.floor(diskBytes * SHARE);
  const minFree = size(gc.defaultMinFreeSpace);
  return [
    { all: true, filters: new Map([['mutable', ['true']]]), keepDuration: DIRECTORIES_AGE_MS },
    { all: true, keepDuration: MAX_AGE_MS },
    {
      all: true,
      maxUsedSpace: most,
      ...(reserved === undefined ? {} : { reservedSpace: reserved }),
      ...(minFree === undefined ? {} : { minFreeSpace: minFree }),
    },
  ];
}

type Policy = NonNullable<NonNullable<BuilderSettings['gc']>['policy']>[number];

function policyRule(policy: Policy): Rule {
  const reserved = size(policy.reservedSpace ?? policy.keepStorage);
  const [most, minFree] = [size(policy.maxUsedSpace), size(policy.minFreeSpace)];
  const filters = new Map<string, string[]>();
  for (const text of policy.filter ?? []) {
    const [name = '', ...rest] = text.split('=');
    const values = filters.get(name) ?? [];
    filters.set(name, [...values, rest.join('=').replace(/^=/, '')]);
  }
  return {
    all: policy.all ?? false,
    filters,
    ...(reserved === undefined ? {} : { reservedSpace: reserved }),
    ...(most === undefined ? {} : { maxUsedSpace: most }),
    ...(minFree === undefined ? {} : { minFreeSpace: minFree }),
    ...(policy.keepDuration ? { keepDuration: parseDuration(policy.keepDuration) / 1e6 } : {}),
  };
}

function size(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (typeof text !== 'string') throw invalidParameter(`builder.gc: want a size such as "10GB", not ${text}`);
  return parseBytes(text);
}

/** Prunes the build cache to its limits. */
export async function collectBuildCache(
  ctx: UsageContext,
  state: DirectoriesInUse,
  settings: BuilderSettings,
): Promise<void> {
  const { blocks, bsize } = await statfs(ctx.dataRoot);
  for (const rule of gcRules(settings, blocks * bsize)) {
    await pruneBuildCache(ctx, state, { filters: new Map(), ...rule });
  }
}

import type { NetworkSummary } from '../../api/engine/networks.ts';
import type { ContainerStore } from '../../container/store.ts';
import { invalidParameter } from '../../core/errors.ts';
import { BUILTIN_NAMES, type NetworkDefinition } from '../../network/model.ts';
import type { Networks } from '../../network/networks.ts';
import { assertKnownFilters, booleanFilter, type Filters, labelMatches } from '../filters.ts';
import { isUsed, summarizeNetwork } from './describe-network.ts';

interface Context {
  readonly containers: Pick<ContainerStore, 'list'>;
  readonly networks: Pick<Networks, 'list'>;
}
type Test = (network: NetworkDefinition, value: string) => boolean;

const TESTS: Record<string, Test> = {
  driver: ({ driver }, value) => driver === value,
  id: ({ id }, value) => id.includes(value),
  name: ({ name }, value) => name.includes(value),
  scope: (_, value) => value === 'local',
  type: ({ name }, value) => (value === 'builtin') === BUILTIN_NAMES.includes(name),
};

/** Networks that pass every filter; values of one filter are alternatives, but for labels. */
export function listNetworks(ctx: Context, filters: Filters): NetworkSummary[] {
  assertKnownFilters(filters, [...Object.keys(TESTS), 'label', 'dangling']);
  for (const type of filters.get('type') ?? []) {
    if (type !== 'custom' && type !== 'builtin') throw invalidParameter(`invalid filter: 'type'='${type}'`);
  }
  const dangling = filters.get('dangling');
  const wantsUnused = dangling && booleanFilter('dangling', dangling);
  return ctx.networks
    .list()
    .filter((network) => passes(network, filters))
    .filter((network) => wantsUnused === undefined || isDangling(ctx, network) === wantsUnused)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(summarizeNetwork);
}

/** Networks that came with the daemon are never reported as left over. */
function isDangling(ctx: Context, { name }: NetworkDefinition): boolean {
  return !BUILTIN_NAMES.includes(name) && !isUsed(ctx, name);
}

function passes(network: NetworkDefinition, filters: Filters): boolean {
  const labels = filters.get('label') ?? [];
  if (!labels.every((label) => labelMatches(network.labels, label))) return false;
  return Object.entries(TESTS).every(([name, test]) => {
    const values = filters.get(name) ?? [];
    return values.length === 0 || values.some((value) => test(network, value));
  });
}

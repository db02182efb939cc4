import type { NetworkCreateRequest, NetworkCreateResponse } from '../../api/engine/networks.ts';
import type { ContainerStore } from '../../container/store.ts';
import { forbidden, isKind, notFound } from '../../core/errors.ts';
import { BUILTIN_NAMES, type NetworkDefinition } from '../../network/model.ts';
import type { Networks } from '../../network/networks.ts';
import type { EventBus } from '../events.ts';
import { assertKnownFilters, type Filters, labelsPass, untilFilter } from '../filters.ts';
import { activeOn, isUsed } from './describe-network.ts';

interface Events {
  readonly events: Pick<EventBus, 'emit'>;
}

interface CreateContext extends Events {
  readonly networks: Pick<Networks, 'create'>;
}

interface RemoveContext extends Events {
  readonly containers: Pick<ContainerStore, 'list'>;
  readonly networks: Pick<Networks, 'find' | 'list' | 'remove'>;
}

/** @throws BargeError as `Networks.create`. */
export async function createNetwork(
  ctx: CreateContext,
  request: NetworkCreateRequest,
): Promise<NetworkCreateResponse> {
  const definition = await ctx.networks.create(request);
  emit(ctx, 'create', definition);
  return { Id: definition.id, Warning: '' };
}

function emit(ctx: Events, action: string, { id, name, driver }: NetworkDefinition): void {
  ctx.events.emit('network', action, id, { name, type: driver });
}

/** @throws BargeError forbidden for built-in networks and those with containers, not-found. */
export async function removeNetwork(ctx: RemoveContext, ref: string): Promise<void> {
  const definition = ctx.networks.find(ref);
  const { name, configOnly } = definition;
  if (BUILTIN_NAMES.includes(name)) {
    throw forbidden(`${name} is a pre-defined network and cannot be removed`);
  }
  const active = activeOn(ctx, name);
  if (active.length > 0) {
    const who = active.map(({ definition: { id, name: its } }) => `name:"${its}" id:"${id.slice(0, 12)}"`);
    throw forbidden(`error while removing network: network ${name} has active endpoints (${who.join(', ')})`);
  }
  const dependent = configOnly && ctx.networks.list().find(({ configFrom }) => configFrom === name);
  if (dependent) {
    throw forbidden(`configuration network "${name}" is in use by the network "${dependent.name}"`);
  }
  await ctx.networks.remove(name);
  emit(ctx, 'destroy', definition);
}

/** Removes user-defined networks that no container is on. @returns their names, null for none. */
export async function pruneNetworks(
  ctx: RemoveContext,
  filters: Filters,
): Promise<{ NetworksDeleted: string[] | null }> {
  assertKnownFilters(filters, ['label', 'label!', 'until']);
  const until = untilFilter(filters);
  const wanted = ctx.networks
    .list()
    .filter(({ name }) => !BUILTIN_NAMES.includes(name))
    .filter(({ createdAt }) => createdAt < until)
    .filter(({ labels }) => labelsPass(labels, filters));
  const deleted: string[] = [];
  for (const { name } of wanted) {
    if (!isUsed(ctx, name) && (await removeIfUnused(ctx, name))) deleted.push(name);
  }
  ctx.events.emit('network', 'prune', '', { reclaimed: '0' });
  return { NetworksDeleted: deleted.length > 0 ? deleted : null };
}

/** Leaves a network alone that has meanwhile come into use or been removed. */
async function removeIfUnused(ctx: RemoveContext, name: string): Promise<boolean> {
  try {
    await removeNetwork(ctx, name);
    return true;
  } catch (error) {
    if (isKind(error, 'forbidden') || isKind(error, 'not-found')) return false;
    throw error;
  }
}

/** @param scope of `?scope=`: others than `local` have no networks here. @throws BargeError not-found. */
export function assertScope(ref: string, scope: string): void {
  if (scope !== '' && scope !== 'local') throw notFound(`network ${ref} not found`);
}

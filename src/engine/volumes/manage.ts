import type { VolumeCreateRequest } from '../../api/engine/volumes.ts';
import type { ContainerStore } from '../../container/store.ts';
import { invalidParameter } from '../../core/errors.ts';
import type { Files } from '../../host/files.ts';
import { assertLocalDriver } from '../../volume/destination.ts';
import { ANONYMOUS_LABEL, type Volume, type VolumeStore } from '../../volume/volumes.ts';
import type { EventBus } from '../events.ts';
import {
  assertKnownFilters,
  booleanFilter,
  type Filters,
  labelMatches,
  labelsPass,
  patternTest,
} from '../filters.ts';
import type { MountedVolumes } from './mounted.ts';
import { containersOf, referenceCounts } from './users.ts';

export function showVolume(volume: Volume): Record<string, unknown> {
  return {
    Name: volume.name,
    Driver: 'local',
    Mountpoint: volume.mountpoint,
    CreatedAt: new Date(volume.createdAt).toISOString(),
    Labels: volume.labels,
    Scope: 'local',
    Options: Object.keys(volume.options).length > 0 ? volume.options : null,
  };
}

interface ListContext {
  readonly containers: Pick<ContainerStore, 'list'>;
  readonly volumes: Pick<VolumeStore, 'list'>;
}

/** What recording volumes, and reporting each new one, needs. */
export interface EnterContext {
  readonly volumes: Pick<VolumeStore, 'enter'>;
  readonly events: Pick<EventBus, 'emit'>;
}

interface CreateContext extends EnterContext {
  readonly volumes: Pick<VolumeStore, 'draft' | 'enter' | 'find' | 'get'>;
}

interface RemoveContext {
  readonly containers: Pick<ContainerStore, 'list'>;
  readonly events: Pick<EventBus, 'emit'>;
  readonly mounted: Pick<MountedVolumes, 'usersOf'>;
  readonly volumes: Pick<VolumeStore, 'find' | 'remove'>;
}

export interface PruneContext extends RemoveContext {
  readonly host: { readonly files: Pick<Files, 'directorySize'> };
  readonly volumes: Pick<VolumeStore, 'find' | 'list' | 'remove'>;
}

export function listVolumes(ctx: ListContext, filters: Filters): Record<string, unknown>[] {
  assertKnownFilters(filters, ['name', 'label', 'driver', 'dangling']);
  const wanted = (name: string) => filters.get(name) ?? [];
  const some = (values: readonly string[], test: (value: string) => boolean) =>
    values.length === 0 || values.some(test);
  const names = wanted('name').map(patternTest);
  const dangling = filters.has('dangling') ? booleanFilter('dangling', wanted('dangling')) : undefined;
  const counts = dangling === undefined ? new Map<string, number>() : referenceCounts(ctx);
  return ctx.volumes
    .list()
    .filter(({ name }) => names.length === 0 || names.some((test) => test(name)))
    .filter(({ labels }) => wanted('label').every((value) => labelMatches(labels, value)))
    .filter(() => some(wanted('driver'), (value) => value === 'local'))
    .filter(({ name }) => dangling === undefined || !counts.has(name) === dangling)
    .map(showVolume);
}

/** Makes a volume, or gives the one that has the name already as it is, like docker: whatever else is asked for. */
export async function createVolume(
  ctx: CreateContext,
  request: VolumeCreateRequest,
): Promise<Record<string, unknown>> {
  const { Name: name, Driver: driver, DriverOpts: options, Labels: labels } = request;
  if (request.ClusterVolumeSpec) {
    throw invalidParameter('ClusterVolumeSpec is for volumes of a cluster, which Barge has none of');
  }
  assertLocalDriver(driver);
  const known = name ? ctx.volumes.find(name) : undefined;
  if (known) return showVolume(known);
  const draft = await ctx.volumes.draft(name, labels ?? {}, options ?? {});
  enterVolumes(ctx, [draft], () => {});
  return showVolume(ctx.volumes.get(draft.name));
}

/** Writes drafts down together with what `also` writes, and tells of each volume that is new. */
export function enterVolumes<T>(ctx: EnterContext, drafts: readonly Volume[], also: () => T): T {
  const { result, entered } = ctx.volumes.enter(drafts, also);
  for (const { name } of entered) ctx.events.emit('volume', 'create', name, { driver: 'local' });
  return result;
}

/** @throws BargeError not-found, unless forced; conflict while a container has it, or it is mounted for a transfer. */
export async function removeVolume(ctx: RemoveContext, name: string, force: boolean): Promise<void> {
  if (force && !ctx.volumes.find(name)) return;
  const users = containersOf(ctx, name).map(({ definition }) => definition.id);
  await ctx.volumes.remove(name, [...new Set([...users, ...ctx.mounted.usersOf(name)])]);
  ctx.events.emit('volume', 'destroy', name, { driver: 'local' });
}

/** Anonymous volumes that no container has; with the filter `all`, named ones too. */
export async function pruneVolumes(ctx: PruneContext, filters: Filters) {
  assertKnownFilters(filters, ['label', 'label!', 'all']);
  const all = filters.has('all') && booleanFilter('all', filters.get('all') ?? []);
  const counts = referenceCounts(ctx);
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const { name, labels, mountpoint } of ctx.volumes.list()) {
    const wanted = (all || ANONYMOUS_LABEL in labels) && labelsPass(labels, filters);
    if (!wanted || counts.has(name)) continue;
    const size = await ctx.host.files.directorySize(mountpoint);
    /* Adding up takes time, in which a container may have come. */
    if (containersOf(ctx, name).length > 0 || ctx.mounted.usersOf(name).length > 0) continue;
    await removeVolume(ctx, name, true);
    reclaimed += size;
    deleted.push(name);
  }
  ctx.events.emit('volume', 'prune', '', { reclaimed: `${reclaimed}` });
  return { VolumesDeleted: deleted, SpaceReclaimed: reclaimed };
}

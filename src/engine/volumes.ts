import { invalidParameter } from '../core/errors.ts';
import { folderSize } from '../host/fs-tool.ts';
import { ANONYMOUS_LABEL, type Volume } from '../volume/volumes.ts';
import type { Engine } from './engine.ts';
import {
  assertKnownFilters,
  booleanFilter,
  type Filters,
  labelMatches,
  labelsPass,
  matchesPattern,
} from './filters.ts';

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

function users(engine: Engine, name: string): string[] {
  return engine.containers
    .list()
    .filter(({ definition }) => definition.mounts.some((mount) => mount.Name === name))
    .map(({ definition }) => definition.id);
}

export function listVolumes(engine: Engine, filters: Filters): Record<string, unknown>[] {
  assertKnownFilters(filters, ['name', 'label', 'driver', 'dangling']);
  const wanted = (name: string) => filters.get(name) ?? [];
  const some = (values: readonly string[], test: (value: string) => boolean) =>
    values.length === 0 || values.some(test);
  const dangling = filters.has('dangling') ? booleanFilter('dangling', wanted('dangling')) : undefined;
  return engine.volumes
    .list()
    .filter(({ name }) => some(wanted('name'), (value) => matchesPattern(name, value)))
    .filter(({ labels }) => wanted('label').every((value) => labelMatches(labels, value)))
    .filter(() => some(wanted('driver'), (value) => value === 'local'))
    .filter(({ name }) => dangling === undefined || (users(engine, name).length === 0) === dangling)
    .map(showVolume);
}

export interface VolumeCreateRequest {
  readonly Name?: string;
  readonly Driver?: string;
  readonly DriverOpts?: Readonly<Record<string, string>> | null;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

export async function createVolume(
  engine: Engine,
  request: VolumeCreateRequest,
): Promise<Record<string, unknown>> {
  const { Name: name, Driver: driver = 'local', DriverOpts: options, Labels: labels } = request;
  if (driver && driver !== 'local') {
    throw invalidParameter(`volume driver "${driver}" is not available: only "local" is`);
  }
  const volume = await engine.volumes.create(name || undefined, labels ?? {}, options ?? {});
  engine.events.emit('volume', 'create', volume.name, { driver: 'local' });
  return showVolume(volume);
}

export async function removeVolume(engine: Engine, name: string, force: boolean): Promise<void> {
  if (force && !engine.volumes.find(name)) return;
  await engine.volumes.remove(name, users(engine, name));
  engine.events.emit('volume', 'destroy', name, { driver: 'local' });
}

/** Anonymous volumes that no container has; with the filter `all`, named ones too. */
export async function pruneVolumes(engine: Engine, filters: Filters) {
  assertKnownFilters(filters, ['label', 'label!', 'all']);
  const all = filters.has('all') && booleanFilter('all', filters.get('all') ?? []);
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const volume of engine.volumes.list()) {
    const wanted = (all || ANONYMOUS_LABEL in volume.labels) && labelsPass(volume.labels, filters);
    if (!wanted || users(engine, volume.name).length > 0) continue;
    const size = await folderSize(volume.mountpoint);
    await removeVolume(engine, volume.name, false);
    reclaimed += size;
    deleted.push(volume.name);
  }
  engine.events.emit('volume', 'prune', '', { reclaimed: `${reclaimed}` });
  return { VolumesDeleted: deleted, SpaceReclaimed: reclaimed };
}

import { invalidParameter } from '../core/errors.ts';
import { ANONYMOUS_LABEL, type Volume } from '../volume/volumes.ts';
import type { Engine } from './engine.ts';
import { type Filters, labelMatches } from './filters.ts';

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
  const tests: Record<string, (volume: Volume, value: string) => boolean> = {
    name: ({ name }, value) => name.includes(value),
    label: ({ labels }, value) => labelMatches(labels, value),
    driver: (_, value) => value === 'local',
    dangling: ({ name }, value) => (users(engine, name).length === 0) === ['true', '1'].includes(value),
  };
  for (const name of filters.keys()) if (!tests[name]) throw invalidParameter(`invalid filter '${name}'`);
  return engine.volumes
    .list()
    .filter((volume) =>
      [...filters].every(([name, values]) => values.some((value) => tests[name]?.(volume, value) ?? true)),
    )
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
  const all = (filters.get('all') ?? []).some((value) => ['true', '1'].includes(value));
  const deleted: string[] = [];
  for (const volume of engine.volumes.list()) {
    const wanted =
      (all || ANONYMOUS_LABEL in volume.labels) &&
      (filters.get('label') ?? []).every((label) => labelMatches(volume.labels, label));
    if (!wanted || users(engine, volume.name).length > 0) continue;
    await removeVolume(engine, volume.name, false);
    deleted.push(volume.name);
  }
  return { VolumesDeleted: deleted, SpaceReclaimed: 0 };
}

import { mkdir, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { errnoOf, invalidParameter } from '../core/errors.ts';
import type { HostConfig, MountRequest } from '../spec/engine.ts';
import type { Volume, VolumeStore } from './volumes.ts';

/** A mount whose source has been found or made. The shape is the API's MountPoint with what the runtime needs. */
export interface VolumeMount {
  readonly Type: 'bind' | 'volume' | 'tmpfs';
  readonly Name?: string;
  readonly Source: string;
  readonly Destination: string;
  readonly Driver?: string;
  readonly Mode: string;
  readonly RW: boolean;
  readonly Propagation: string;
  readonly options: readonly string[];
  readonly anonymous?: boolean;
  /** An empty volume takes what the image has at the destination. */
  readonly copyUp?: boolean;
}

const PROPAGATIONS = ['shared', 'rshared', 'slave', 'rslave', 'private', 'rprivate'];
/** Accepted and without effect on Linux hosts without SELinux. */
const TOLERATED = ['z', 'Z', 'consistent', 'cached', 'delegated', 'rw'];

/**
 * Finds or makes the source of every mount that a container asks for.
 * @param imageVolumes destinations that the image declares.
 * @throws BargeError invalid-parameter in docker's words.
 */
export async function resolveMounts(
  host: HostConfig,
  imageVolumes: readonly string[],
  volumes: VolumeStore,
): Promise<VolumeMount[]> {
  const byDestination = new Map<string, VolumeMount>();
  const add = (mount: VolumeMount) => {
    if (byDestination.has(mount.Destination))
      throw invalidParameter(`Duplicate mount point: ${mount.Destination}`);
    byDestination.set(mount.Destination, mount);
  };
  for (const bind of host.Binds ?? []) add(await resolveBind(bind, volumes));
  for (const request of host.Mounts ?? []) add(await resolveRequest(request, volumes));
  for (const [target, options] of Object.entries(host.Tmpfs ?? {}))
    add(tmpfs(destinationOf(target), options));
  for (const target of imageVolumes) {
    const destination = destinationOf(target);
    if (byDestination.has(destination)) continue;
    add(volumeMount(await volumes.create(undefined), destination, { anonymous: true }));
  }
  return [...byDestination.values()];
}

function destinationOf(path: string): string {
  const clean = posix.normalize(path).replace(/(.)\/$/, '$1');
  if (!path.startsWith('/'))
    throw invalidParameter(`invalid mount path: '${path}' mount path must be absolute`);
  if (clean === '/') throw invalidParameter(`invalid specification: destination can't be '/'`);
  return clean;
}

/** `source:destination[:options]` or `destination`. */
async function resolveBind(text: string, volumes: VolumeStore): Promise<VolumeMount> {
  const parts = text.split(':');
  if (parts.length > 3 || parts.some((part) => part === ''))
    throw invalidParameter(`invalid volume specification: '${text}'`);
  if (parts.length === 1) {
    return volumeMount(await volumes.create(undefined), destinationOf(text), { anonymous: true });
  }
  const [source = '', target = '', mode = ''] = parts;
  const flags = mode.split(',').filter(Boolean);
  const wrong = flags.find((f) => !['ro', 'nocopy', ...TOLERATED, ...PROPAGATIONS].includes(f));
  if (wrong) throw invalidParameter(`invalid mode: ${mode}`);
  const destination = destinationOf(target);
  const readOnly = flags.includes('ro');
  if (!source.startsWith('/')) {
    return volumeMount(await volumes.create(source), destination, {
      mode,
      readOnly,
      noCopy: flags.includes('nocopy'),
    });
  }
  await mkdir(source, { recursive: true }).catch((error) => {
    if (errnoOf(error) !== 'EEXIST' && errnoOf(error) !== 'ENOTDIR') throw error;
  });
  const propagation = flags.find((flag) => PROPAGATIONS.includes(flag)) ?? 'rprivate';
  return bindMount(source, destination, mode, readOnly, propagation);
}

function bindMount(
  source: string,
  destination: string,
  mode: string,
  readOnly: boolean,
  propagation: string,
): VolumeMount {
  return {
    Type: 'bind',
    Source: source,
    Destination: destination,
    Mode: mode,
    RW: !readOnly,
    Propagation: propagation,
    options: [],
  };
}

interface VolumeMountOptions {
  readonly mode?: string;
  readonly readOnly?: boolean;
  readonly noCopy?: boolean;
  readonly anonymous?: boolean;
}

function volumeMount(volume: Volume, destination: string, options: VolumeMountOptions): VolumeMount {
  return {
    Type: 'volume',
    Name: volume.name,
    Source: volume.mountpoint,
    Destination: destination,
    Driver: 'local',
    Mode: options.mode || 'z',
    RW: !options.readOnly,
    Propagation: '',
    options: [],
    copyUp: !options.noCopy,
    ...(options.anonymous ? { anonymous: true } : {}),
  };
}

async function resolveRequest(request: MountRequest, volumes: VolumeStore): Promise<VolumeMount> {
  const destination = destinationOf(request.Target);
  const readOnly = Boolean(request.ReadOnly);
  switch (request.Type) {
    case 'bind':
      return await resolveBindRequest(request, destination, readOnly);
    case 'volume': {
      const {
        NoCopy: noCopy,
        Labels: labels,
        DriverConfig: driver,
        Subpath: subpath,
      } = request.VolumeOptions ?? {};
      if (driver?.Name && driver.Name !== 'local')
        throw invalidParameter(`volume driver "${driver.Name}" is not available: only "local" is`);
      if (subpath) throw invalidParameter('the mount option volume-subpath is not supported yet');
      const volume = await volumes.create(request.Source || undefined, labels, driver?.Options ?? {});
      return volumeMount(volume, destination, {
        readOnly,
        noCopy: Boolean(noCopy),
        anonymous: !request.Source,
      });
    }
    case 'tmpfs': {
      const { SizeBytes: size, Mode: mode } = request.TmpfsOptions ?? {};
      const options = [
        size ? `size=${size}` : '',
        mode ? `mode=${mode.toString(8)}` : '',
        readOnly ? 'ro' : '',
      ];
      return tmpfs(destination, options.filter(Boolean).join(','));
    }
    default:
      throw invalidParameter(`the mount type "${request.Type}" is not supported: use bind, volume or tmpfs`);
  }
}

async function resolveBindRequest(
  request: MountRequest,
  destination: string,
  readOnly: boolean,
): Promise<VolumeMount> {
  const source = request.Source ?? '';
  if (!source.startsWith('/')) {
    throw invalidParameter(
      `invalid mount config for type "bind": invalid mount path: '${source}' mount path must be absolute`,
    );
  }
  if (request.BindOptions?.CreateMountpoint) await mkdir(source, { recursive: true });
  try {
    await stat(source);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw invalidParameter(
      `invalid mount config for type "bind": bind source path does not exist: ${source}`,
    );
  }
  return bindMount(source, destination, '', readOnly, request.BindOptions?.Propagation || 'rprivate');
}

function tmpfs(destination: string, options: string): VolumeMount {
  return {
    Type: 'tmpfs',
    Source: '',
    Destination: destination,
    Mode: options,
    RW: !options.split(',').includes('ro'),
    Propagation: '',
    options: ['noexec', 'nosuid', 'nodev', ...options.split(',').filter(Boolean)],
  };
}

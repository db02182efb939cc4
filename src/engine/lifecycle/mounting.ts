import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerDirectories } from '../../container/directories.ts';
import type { Container, ContainerDefinition, ResolvedMount } from '../../container/model.ts';
import type { StagedMount, StartInput } from '../../container/runner.ts';
import { invalidParameter, messageOf, systemError } from '../../core/errors.ts';
import { FileFailure, type FileFailureReason, type Files, overlayOptions } from '../../host/files.ts';
import type { LayerStore } from '../../image/layers.ts';
import { assertPropagation, holderOf, inheritedLimits } from '../../volume/propagation.ts';
import type { VolumeStore } from '../../volume/volumes.ts';
import type { EventBus } from '../events.ts';
import type { MountedVolumes } from '../volumes/mounted.ts';
import { assertMountTargets } from './mount-targets.ts';

interface UseContext {
  readonly events: Pick<EventBus, 'emit'>;
  readonly mounted: Pick<MountedVolumes, 'use'>;
  readonly volumes: Pick<VolumeStore, 'get'>;
}

interface MountContext extends UseContext {
  readonly host: { readonly files: Pick<Files, 'resolveBelow' | 'statBelow'> };
  readonly layers: Pick<LayerStore, 'overlay' | 'rootfs'>;
  readonly runner: { directories(id: string): Pick<ContainerDirectories, 'exec' | 'upper'> };
}

export interface ReleaseContext {
  readonly events: Pick<EventBus, 'emit'>;
  readonly mounted: Pick<MountedVolumes, 'release' | 'usersOf'>;
  readonly volumes: Pick<VolumeStore, 'find'>;
}

/** What the runtime is given of mounts: the definition's, with sources that are there once the shim has made them. */
type StagedMounts = Pick<StartInput, 'definition' | 'overlays' | 'below'>;

/**
 * Mounts the volumes that are file systems of their own, and says what the shim has to mount before the runtime starts.
 * @throws BargeError when a source is not there or cannot be mounted; `releaseMounts` undoes what was done.
 */
export async function stageMounts(ctx: MountContext, { definition }: Container): Promise<StagedMounts> {
  const { exec: directory, upper } = ctx.runner.directories(definition.id);
  const { lower, layersDirectory } = ctx.layers.rootfs(definition.layers);
  const root = { upper, lower: lower.map((name) => join(layersDirectory, name)) };
  assertMountTargets(root, definition.mounts, { keepsProc: true });
  if (definition.mounts.length === 0) return { definition };
  const overlays: { options: string; target: string }[] = [];
  const below: StagedMount[] = [];
  const etcOf = (mount: ResolvedMount) =>
    isEtc(mount) ? { isEtc: true, readOnly: !mount.RW || definition.spec.storage.readonlyRootfs } : {};
  const stageEtc = (mount: ResolvedMount, index: number): ResolvedMount => {
    if (!isEtc(mount)) return mount;
    const target = join(directory, `etc-${index}`);
    below.push({ root: mount.Source, path: '.', target, ...etcOf(mount) });
    return { ...mount, Source: target };
  };
  const stage = async (mount: ResolvedMount, index: number): Promise<ResolvedMount> => {
    if (mount.Type === 'tmpfs') return mount;
    if (mount.Type === 'bind') {
      await assertSource(mount);
      return stageEtc(await limited(mount), index);
    }
    let root = mount.Source;
    if (mount.Type === 'volume') await useVolume(ctx, definition, mount);
    else {
      root = join(directory, `image-${index}`);
      overlays.push({ options: overlayOptions(ctx.layers.overlay(mount.layers ?? [])), target: root });
    }
    const usable = mount.Type === 'volume' ? await limited(mount) : mount;
    if (!mount.subpath) return stageEtc({ ...usable, Source: root }, index);
    const target = join(directory, `below-${index}`);
    const isDirectory =
      mount.Type === 'volume' && (await isDirectoryBelow(ctx.host.files, root, mount.subpath));
    const inside = { ...usable, Source: target, isDirectory };
    below.push({ root, path: mount.subpath, target, ...etcOf(inside) });
    return inside;
  };
  const mounts: ResolvedMount[] = [];
  for (const [index, mount] of definition.mounts.entries()) mounts.push(await stage(mount, index));
  return {
    definition: { ...definition, mounts },
    ...(overlays.length > 0 ? { overlays } : {}),
    ...(below.length > 0 ? { below } : {}),
  };
}

/**
 * Whether a mount takes the place of /etc, where the daemon's files of a container lie. They are mounted in it by the shim
 * then, since what is in a volume may be a link, which the runtime would follow. Mounts that the host is to see stay as
 * they are.
 */
const isEtc = ({ Destination, Type, isDirectory, recursion, Propagation }: ResolvedMount): boolean =>
  Destination === '/etc' &&
  (Type === 'bind' || Type === 'volume') &&
  Boolean(isDirectory) &&
  recursion !== 'disabled' &&
  ['', 'private', 'rprivate'].includes(Propagation);

/** A source that has gone since the creation is made again for `-v`, and missed for `--mount`. */
async function assertSource({ Source: source, remakesSource }: ResolvedMount): Promise<void> {
  if (existsSync(source)) return;
  if (!remakesSource) {
    throw invalidParameter(
      `invalid mount config for type "bind": bind source path does not exist: ${source}`,
    );
  }
  await mkdir(source, { recursive: true });
}

/** The mount with what the host's mount below its source forbids. */
async function limited(mount: ResolvedMount): Promise<ResolvedMount> {
  const path = await realpath(mount.Source);
  const [table, status] = await Promise.all([readFile('/proc/self/mountinfo', 'utf8'), stat(path)]);
  const holder = holderOf(path, table);
  assertPropagation(mount.Source, mount.Propagation, holder);
  const { readOnly, options } = inheritedLimits(holder);
  const isDirectory = status.isDirectory();
  return { ...mount, RW: mount.RW && !readOnly, options: [...mount.options, ...options], isDirectory };
}

async function useVolume(
  ctx: UseContext,
  { id }: ContainerDefinition,
  { Name: name = '', Destination, RW, Propagation }: ResolvedMount,
): Promise<void> {
  const volume = ctx.volumes.get(name);
  await mkdir(volume.mountpoint, { recursive: true, mode: 0o755 });
  await ctx.mounted.use(volume, id);
  ctx.events.emit('volume', 'mount', name, {
    driver: 'local',
    container: id,
    destination: Destination,
    'read/write': `${RW}`,
    propagation: Propagation,
  });
}

const S_IFDIR = 0o040000;
const S_IFMT = 0o170000;

/** The shim opens the path so that no link leads out; here it is only to be told well when it cannot. */
async function isDirectoryBelow(
  files: Pick<Files, 'statBelow' | 'resolveBelow'>,
  root: string,
  path: string,
): Promise<boolean> {
  try {
    const { mode } = await files.statBelow(root, await files.resolveBelow(root, path));
    return (mode & S_IFMT) === S_IFDIR;
  } catch (cause) {
    throw systemError(`cannot access path ${join(root, path)}: ${reasonOf(cause)}`, { cause });
  }
}

/** In the words that docker's users search for. */
const REASONS: Partial<Record<FileFailureReason, string>> = {
  'not-found': 'no such file or directory',
  'not-a-directory': 'not a directory',
  loop: 'too many levels of symbolic links',
};

const reasonOf = (error: unknown) =>
  (error instanceof FileFailure ? REASONS[error.reason] : undefined) ?? messageOf(error);

/** Lets go of a container's volumes when it has ended, or did not start. */
export async function releaseMounts(ctx: ReleaseContext, { id, mounts }: ContainerDefinition): Promise<void> {
  const used = volumeNames(mounts).filter((name) => ctx.mounted.usersOf(name).includes(id));
  /* All at once: a start of the container that comes now must find none of them half released. */
  await Promise.all(
    used.map(async (name) => {
      const volume = ctx.volumes.find(name);
      if (volume) await ctx.mounted.release(volume, id);
      ctx.events.emit('volume', 'unmount', name, { driver: 'local', container: id });
    }),
  );
}

export const volumeNames = (mounts: ContainerDefinition['mounts']): string[] => [
  ...new Set(mounts.flatMap(({ Type, Name }) => (Type === 'volume' && Name ? [Name] : []))),
];

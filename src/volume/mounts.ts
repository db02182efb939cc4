import { statfsSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import type { Digest } from '../core/digest.ts';
import { errnoOf, invalidParameter, messageOf } from '../core/errors.ts';
import { assertOutsideProc, destinationOf, duplicate } from './destination.ts';
import type {
  BindMountOptions,
  MountOptions,
  Recursion,
  TmpfsMountOptions,
  VolumeMountOptions,
} from './mount-options.ts';
import type { Volume, VolumeStore } from './volumes.ts';

/** A mount whose source has been found or made. The shape is the API's MountPoint with what the runtime needs. */
export interface VolumeMount {
  readonly Type: 'bind' | 'volume' | 'tmpfs' | 'image';
  readonly Name?: string;
  readonly Source: string;
  readonly Destination: string;
  readonly Driver?: string;
  readonly Mode: string;
  readonly RW: boolean;
  readonly Propagation: string;
  /** Of mount(8). */
  readonly options: readonly string[];
  readonly anonymous?: boolean;
  /** Of `-v`: a source that has gone is made again by a start. */
  readonly remakesSource?: boolean;
  /** Of `--tmpfs`: lists of mounts leave it out. */
  readonly unlisted?: boolean;
  /** An empty volume takes what the image has at the destination. */
  readonly copyUp?: boolean;
  readonly recursion?: Recursion;
  /** Below the volume or image. Links in it lead nowhere else. */
  readonly subpath?: string;
  /** The image's, lowest first. */
  readonly layers?: readonly Digest[];
}

/** What a container asks to have mounted. */
export interface RequestedMounts {
  readonly mounts: readonly MountOptions[];
  /** Destinations that the image or the request declares: volumes without a name, unless something else is there. */
  readonly declared: readonly string[];
}

export interface MountsInput extends RequestedMounts {
  /** What `--volumes-from` brings; it gives way to what is asked for. */
  readonly inherited: readonly VolumeMount[];
}

/** Where images that are mounted come from. @throws BargeError invalid-parameter. */
export type FindImage = (name: string) => { readonly id: Digest; readonly layers: readonly Digest[] };

/**
 * What a container asks to have mounted, by destination, in the order in which it was asked for.
 * @throws BargeError invalid-parameter in docker's words; nothing has been made then.
 */
function planMounts({ mounts, declared, inherited }: MountsInput): Map<string, MountOptions | VolumeMount> {
  const plan = new Map<string, MountOptions | VolumeMount>(
    inherited.map((mount) => [mount.Destination, mount]),
  );
  /* Of `--tmpfs`, which has one at each destination. */
  const unlisted = mounts.filter((request) => request.kind === 'tmpfs' && request.unlisted);
  const taken = new Set(unlisted.map(({ destination }) => destination));
  for (const request of mounts) {
    if (unlisted.includes(request)) continue;
    if (taken.has(request.destination)) throw duplicate(request.destination);
    taken.add(request.destination);
    plan.set(request.destination, request);
  }
  for (const request of unlisted) plan.set(request.destination, request);
  for (const target of declared) {
    const destination = destinationOf(target);
    if (plan.has(destination)) continue;
    plan.set(destination, {
      kind: 'volume',
      name: '',
      destination,
      mode: '',
      readOnly: false,
      noCopy: false,
    });
  }
  for (const [destination, request] of plan) assertOutsideProc(destination, isProc(request));
  return plan;
}

/** The kernel's magic number of procfs. */
const PROC_SUPER_MAGIC = 0x9fa0;

/** `-v /proc:/proc` shows the host's processes; nothing else may take the place of the container's. */
function isProc(request: MountOptions | VolumeMount): boolean {
  if (!('kind' in request) || request.kind !== 'bind') return false;
  try {
    return statfsSync(request.source).type === PROC_SUPER_MAGIC;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** The mounts of a container that is being made. */
export interface ResolvedMounts {
  readonly mounts: readonly VolumeMount[];
  /** Their volumes, for `VolumeStore.enter`: new ones, and old ones that somebody may be removing right now. */
  readonly volumes: readonly Volume[];
}

/**
 * Finds or makes the source of every mount that a container asks for.
 * @throws BargeError invalid-parameter or not-found in docker's words; new volumes without a name are removed then.
 */
export async function resolveMounts(
  input: MountsInput,
  volumes: VolumeStore,
  findImage: FindImage,
): Promise<ResolvedMounts> {
  const plan = [...planMounts(input).values()];
  const drafts: Volume[] = [];
  const resolve = async (request: MountOptions | VolumeMount): Promise<VolumeMount> => {
    if (!('kind' in request)) return request;
    if (request.kind === 'bind') return await bindMount(request);
    if (request.kind === 'tmpfs') return tmpfsMount(request);
    if (request.kind === 'volume') return await volumeMount(request, volumes, drafts);
    const { id, layers } = findImage(request.image);
    const found = { Type: 'image' as const, Name: request.image, Source: id, RW: false, layers };
    const { subpath } = request;
    return { ...common(request), ...found, ...(subpath ? { subpath } : {}) };
  };
  const mounts: VolumeMount[] = [];
  try {
    for (const request of plan) mounts.push(await resolve(request));
  } catch (error) {
    await volumes.discard(drafts);
    throw error;
  }
  return { mounts, volumes: drafts };
}

const common = ({ destination, mode }: MountOptions) => ({
  Destination: destination,
  Mode: mode,
  Propagation: '',
  options: [],
});

async function bindMount(request: BindMountOptions): Promise<VolumeMount> {
  const { source, readOnly, propagation, recursion } = request;
  if (request.makeSource) await makeDirectory(source);
  try {
    await stat(source);
  } catch (error) {
    const reason =
      errnoOf(error) === 'ENOENT' ? `bind source path does not exist: ${source}` : messageOf(error);
    throw invalidParameter(`invalid mount config for type "bind": ${reason}`, { cause: error });
  }
  return {
    ...common(request),
    Type: 'bind',
    Source: source,
    RW: !readOnly,
    Propagation: propagation,
    ...(recursion ? { recursion } : {}),
    ...(request.remakesSource ? { remakesSource: true } : {}),
  };
}

async function makeDirectory(source: string): Promise<void> {
  try {
    await mkdir(source, { recursive: true });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return; /* something else than a directory is as good */
    throw invalidParameter(`error while creating mount source path '${source}': ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function volumeMount(
  request: VolumeMountOptions,
  volumes: VolumeStore,
  drafts: Volume[],
): Promise<VolumeMount> {
  const { name, readOnly, noCopy, subpath } = request;
  const sibling = name ? drafts.find((draft) => draft.name === name) : undefined;
  const volume =
    sibling ?? volumes.find(name) ?? (await volumes.draft(name, request.labels, request.options));
  if (!sibling) drafts.push(volume);
  return {
    ...common(request),
    Type: 'volume',
    Name: volume.name,
    Source: volume.mountpoint,
    Driver: 'local',
    RW: !readOnly,
    copyUp: !noCopy,
    ...(name ? {} : { anonymous: true }),
    ...(subpath ? { subpath } : {}),
  };
}

const tmpfsMount = (request: TmpfsMountOptions): VolumeMount => ({
  ...common(request),
  Type: 'tmpfs',
  Source: '',
  RW: !request.options.includes('ro'),
  options: ['noexec', 'nosuid', 'nodev', ...request.options],
  ...(request.unlisted ? { unlisted: true } : {}),
});

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

/** A mount whose source exists. The shape is the API's MountPoint, with additions for the runtime. */
export interface VolumeMount {
  readonly Type: 'bind' | 'volume' | 'tmpfs' | 'image';
  readonly Name?: string;
  readonly Source: string;
  readonly Destination: string;
  readonly Driver?: string;
  readonly Mode: string;
  readonly RW: boolean;
  readonly Propagation: string;
  /** Options of mount(8). */
  readonly options: readonly string[];
  readonly anonymous?: boolean;
  /** Set by `-v`: a start creates a missing source again. */
  readonly remakesSource?: boolean;
  /** Set by `--tmpfs`: lists of mounts omit it. */
  readonly unlisted?: boolean;
  /** An empty volume is filled from the image's content at the destination. */
  readonly copyUp?: boolean;
  readonly recursion?: Recursion;
  /** Relative to the volume or image. Symbolic links in it cannot leave it. */
  readonly subpath?: string;
  /** The image's layers, lowest first. */
  readonly layers?: readonly Digest[];
}

/** The mounts that a container requests. */
export interface RequestedMounts {
  readonly mounts: readonly MountOptions[];
  /** Destinations that the image or the request declares: anonymous volumes, unless another mount is there. */
  readonly declared: readonly string[];
}

interface MountsInput extends RequestedMounts {
  /** Mounts from `--volumes-from`, which explicitly requested mounts override. */
  readonly inherited: readonly VolumeMount[];
}

/** Resolves the images to mount. @throws BargeError invalid-parameter. */
export type FindImage = (name: string) => { readonly id: Digest; readonly layers: readonly Digest[] };

/**
 * The mounts that a container requests, by destination, in the order of the request.
 * @throws BargeError invalid-parameter in docker's words; nothing has been created then.
 */
function planMounts({ mounts, declared, inherited }: MountsInput): Map<string, MountOptions | VolumeMount> {
  const plan = new Map<string, MountOptions | VolumeMount>(
    inherited.map((mount) => [mount.Destination, mount]),
  );
  /* From `--tmpfs`, which has one mount per destination. */
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

/** `-v /proc:/proc` shows the host's processes; nothing else may replace the container's /proc. */
function isProc(request: MountOptions | VolumeMount): boolean {
  if (!('kind' in request) || request.kind !== 'bind') return false;
  try {
    return statfsSync(request.source).type === PROC_SUPER_MAGIC;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** The mounts of a container that is being created. */
interface ResolvedMounts {
  readonly mounts: readonly VolumeMount[];
  /** Their volumes, for `VolumeStore.enter`: new ones, and existing ones that may be being removed at the same time. */
  readonly volumes: readonly Volume[];
}

/**
 * Finds or creates the source of every mount that a container requests.
 * @throws BargeError invalid-parameter or not-found in docker's words; new anonymous volumes are removed then.
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
    if (errnoOf(error) === 'EEXIST') return; /* it need not be a directory */
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

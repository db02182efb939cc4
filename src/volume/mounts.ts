import { statfsSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import type { HostConfig } from '../api/engine.ts';
import type { Digest } from '../core/digest.ts';
import { errnoOf, invalidParameter, messageOf } from '../core/errors.ts';
import { assertOutsideProc, destinationOf, duplicate } from './destination.ts';
import { parseBind } from './parse-bind.ts';
import { parseMountRequest } from './parse-mount.ts';
import { tmpfsOptions } from './tmpfs.ts';
import type { Volume, VolumeStore } from './volumes.ts';
import type { BindWish, MountWish, Recursion, TmpfsWish, VolumeWish } from './wish.ts';

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
  /** An empty volume takes what the image has at the destination. */
  readonly copyUp?: boolean;
  readonly recursion?: Recursion;
  /** Below the volume or image. Links in it lead nowhere else. */
  readonly subpath?: string;
  /** The image's, lowest first. */
  readonly layers?: readonly Digest[];
}

export interface MountsInput {
  readonly host: HostConfig;
  /** Destinations that the image or the request declares. */
  readonly declared: readonly string[];
  /** What `--volumes-from` brings; it gives way to what is asked for. */
  readonly inherited: readonly VolumeMount[];
}

/** Where images that are mounted come from. @throws BargeError invalid-parameter. */
export type FindImage = (name: string) => { readonly id: Digest; readonly layers: readonly Digest[] };

/**
 * What a container asks to have mounted, by destination, in the order in which it was asked for.
 * @throws BargeError invalid-parameter in docker's words; nothing has been made then.
 */
function planMounts({ host, declared, inherited }: MountsInput): Map<string, MountWish | VolumeMount> {
  const plan = new Map<string, MountWish | VolumeMount>(inherited.map((mount) => [mount.Destination, mount]));
  const tmpfs = Object.entries(host.Tmpfs ?? {}).map(([target, options]) => tmpfsWish(target, options));
  const taken = new Set(tmpfs.map(({ destination }) => destination));
  const wishes = [...(host.Binds ?? []).map(parseBind), ...(host.Mounts ?? []).map(parseMountRequest)];
  for (const wish of wishes) {
    if (taken.has(wish.destination)) throw duplicate(wish.destination);
    taken.add(wish.destination);
    plan.set(wish.destination, wish);
  }
  for (const wish of tmpfs) plan.set(wish.destination, wish);
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
  for (const [destination, wish] of plan) assertOutsideProc(destination, isProc(wish));
  return plan;
}

/** The kernel's magic number of procfs. */
const PROC_SUPER_MAGIC = 0x9fa0;

/** `-v /proc:/proc` shows the host's processes; nothing else may take the place of the container's. */
function isProc(wish: MountWish | VolumeMount): boolean {
  if (!('kind' in wish) || wish.kind !== 'bind') return false;
  try {
    return statfsSync(wish.source).type === PROC_SUPER_MAGIC;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

function tmpfsWish(target: string, text: string): TmpfsWish {
  const options = tmpfsOptions(text.split(',').filter(Boolean));
  return { kind: 'tmpfs', destination: destinationOf(target), mode: text, options };
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
  const resolve = async (wish: MountWish | VolumeMount): Promise<VolumeMount> => {
    if (!('kind' in wish)) return wish;
    if (wish.kind === 'bind') return await bindMount(wish);
    if (wish.kind === 'tmpfs') return tmpfsMount(wish);
    if (wish.kind === 'volume') return await volumeMount(wish, volumes, drafts);
    const { id, layers } = findImage(wish.image);
    const found = { Type: 'image' as const, Name: wish.image, Source: id, RW: false, layers };
    const { subpath } = wish;
    return { ...common(wish), ...found, ...(subpath ? { subpath } : {}) };
  };
  const mounts: VolumeMount[] = [];
  try {
    for (const wish of plan) mounts.push(await resolve(wish));
  } catch (error) {
    await volumes.discard(drafts);
    throw error;
  }
  return { mounts, volumes: drafts };
}

const common = ({ destination, mode }: MountWish) => ({
  Destination: destination,
  Mode: mode,
  Propagation: '',
  options: [],
});

async function bindMount(wish: BindWish): Promise<VolumeMount> {
  const { source, readOnly, propagation, recursion } = wish;
  if (wish.makeSource) await makeFolder(source);
  try {
    await stat(source);
  } catch (error) {
    const reason =
      errnoOf(error) === 'ENOENT' ? `bind source path does not exist: ${source}` : messageOf(error);
    throw invalidParameter(`invalid mount config for type "bind": ${reason}`, { cause: error });
  }
  return {
    ...common(wish),
    Type: 'bind',
    Source: source,
    RW: !readOnly,
    Propagation: propagation,
    ...(recursion ? { recursion } : {}),
  };
}

async function makeFolder(source: string): Promise<void> {
  try {
    await mkdir(source, { recursive: true });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return; /* something else than a folder is as good */
    throw invalidParameter(`error while creating mount source path '${source}': ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function volumeMount(wish: VolumeWish, volumes: VolumeStore, drafts: Volume[]): Promise<VolumeMount> {
  const { name, readOnly, noCopy, subpath } = wish;
  const sibling = name ? drafts.find((draft) => draft.name === name) : undefined;
  const volume = sibling ?? volumes.find(name) ?? (await volumes.draft(name, wish.labels, wish.options));
  if (!sibling) drafts.push(volume);
  return {
    ...common(wish),
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

const tmpfsMount = (wish: TmpfsWish): VolumeMount => ({
  ...common(wish),
  Type: 'tmpfs',
  Source: '',
  RW: !wish.options.includes('ro'),
  options: ['noexec', 'nosuid', 'nodev', ...wish.options],
});

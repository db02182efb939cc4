import type { ContainerStatus, Health } from '../api/engine/containers.ts';
import type { PortMap } from '../api/engine/networks.ts';
import type { MountPoint } from '../api/engine/volumes.ts';
import type { Digest } from '../core/digest.ts';
import { conflict, invalidParameter, notFound } from '../core/errors.ts';
import type { ContainerSpec } from './spec.ts';

/** What a container is made of: fixed at creation, but for its name and what `update` changes. */
export interface ContainerDefinition {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** The image as the user named it, and its id. */
  readonly imageName: string;
  readonly imageId: Digest | '';
  readonly layers: readonly Digest[];
  readonly spec: ContainerSpec;
  readonly mounts: readonly ResolvedMount[];
}

/** A mount with its source found: what the runtime mounts and what `inspect` shows. */
export interface ResolvedMount extends MountPoint {
  readonly Type: 'bind' | 'volume' | 'tmpfs' | 'image';
  /** Further mount(8) options for the runtime. */
  readonly options: readonly string[];
  /** Of `-v`: a source that has gone is made again by a start. */
  readonly remakesSource?: boolean;
  /** Of `--tmpfs`: lists of mounts leave it out. */
  readonly unlisted?: boolean;
  /** An anonymous volume, which goes with its container. */
  readonly anonymous?: boolean;
  /** How far a bind goes into mounts below its source; undefined: all of them, read-only with it where possible. */
  readonly recursion?: 'disabled' | 'writable' | 'readonly';
  /** The source is a directory; only of these a start knows it. */
  readonly isDirectory?: boolean;
  /** What of a volume or image is mounted; links in it lead nowhere else. */
  readonly subpath?: string;
  /** An image's, lowest first. */
  readonly layers?: readonly Digest[];
  /** An empty volume takes what the image has at the destination. */
  readonly copyUp?: boolean;
}

/** A running container's place on one network. Addresses have no prefix; empty: none of that family. */
export interface AttachedEndpoint {
  readonly id: string;
  /** The network's name. */
  readonly network: string;
  /** Its name inside, such as `eth0`. */
  readonly interface: string;
  readonly mac: string;
  readonly ipv4: string;
  readonly prefix4: number;
  readonly gateway4: string;
  readonly ipv6: string;
  readonly prefix6: number;
  readonly gateway6: string;
  readonly priority: number;
}

/** What a started container holds of networks. */
export interface Attachment {
  /** Path of the network namespace. */
  readonly sandbox: string;
  readonly endpoints: readonly AttachedEndpoint[];
  /** As asked for, with the ports that were found. */
  readonly ports: PortMap;
  /** Ports inside at which the container's name server listens. */
  readonly names?: { readonly udp: number; readonly tcp: number };
  /** Written before an endpoint comes or goes: after a crash the kernel may have more or fewer than the list. */
  readonly changing?: boolean;
}

export interface ContainerRunState {
  readonly status: ContainerStatus;
  readonly pid: number;
  readonly exitCode: number;
  readonly error: string;
  readonly oomKilled: boolean;
  /** Milliseconds since 1970; 0: never. */
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly restartCount: number;
  /** A user asked for the stop: `unless-stopped` and back-off look at it. */
  readonly stoppedByUser: boolean;
  readonly attachment?: Attachment;
  readonly health?: Health;
  /** While it is being removed: its anonymous volumes go, too. */
  readonly removesVolumes?: boolean;
}

export const CREATED: ContainerRunState = {
  status: 'created',
  pid: 0,
  exitCode: 0,
  error: '',
  oomKilled: false,
  startedAt: 0,
  finishedAt: 0,
  restartCount: 0,
  stoppedByUser: false,
};

export interface Container {
  readonly definition: ContainerDefinition;
  readonly state: ContainerRunState;
}

export function isRunning(state: ContainerRunState): boolean {
  return state.status === 'running' || state.status === 'paused';
}

/** @returns false when there is nothing to start. @throws BargeError conflict when starting is not allowed. */
export function canStart({ state }: Container): boolean {
  if (state.status === 'running' || state.status === 'restarting') return false;
  if (state.status === 'paused') {
    throw conflict('cannot start a paused container, try unpause instead');
  }
  if (state.status === 'removing' || state.status === 'dead') {
    throw conflict('container is marked for removal and cannot be started');
  }
  return true;
}

/** @throws BargeError conflict while the container waits for a restart by its policy. */
export function assertNotRestarting({ definition, state }: Container): void {
  if (state.status !== 'restarting') return;
  throw conflict(`Container ${definition.id} is restarting, wait until the container is running`);
}

/**
 * @param ref the container as the user named it, for the message.
 * @throws BargeError conflict unless signals can reach the container, now or after its restart.
 */
export function assertKillable({ definition, state }: Container, ref: string): void {
  if (!isRunning(state) && state.status !== 'restarting') {
    throw conflict(`cannot kill container: ${ref}: container ${definition.id} is not running`);
  }
}

/** @throws BargeError conflict unless processes can be added to the container. */
export function assertExecutable(container: Container): void {
  assertNotRestarting(container);
  const { definition, state } = container;
  if (state.status === 'paused') {
    throw conflict(`container ${definition.id} is paused, unpause the container before exec`);
  }
  if (state.status !== 'running') throw conflict(`container ${definition.id} is not running`);
}

/** @throws BargeError conflict when a running container would be removed without force. */
export function assertRemovable({ definition, state }: Container, force: boolean): void {
  if (state.status === 'removing') {
    throw conflict(`removal of container ${definition.id} is already in progress`);
  }
  if (force) return;
  const what = `cannot remove container "/${definition.name}": container is ${state.status}`;
  if (state.status === 'paused') throw conflict(`${what} and must be unpaused first`);
  if (isRunning(state) || state.status === 'restarting') {
    throw conflict(`${what}: stop the container before removing or force remove`);
  }
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** @param asked the name as the user gave it, for the message. @throws BargeError invalid-parameter. */
export function assertNameValid(name: string, asked: string): void {
  if (!NAME.test(name)) {
    throw invalidParameter(`Invalid container name (${asked}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
}

export const noSuchContainer = (ref: string) => notFound(`No such container: ${ref}`);

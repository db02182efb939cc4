import type { MountPoint } from '../api/engine/volumes.ts';
import type { Digest } from '../core/digest.ts';
import { invalidParameter, notFound } from '../core/errors.ts';
import type { LifeState } from './life/state.ts';
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

export interface Container {
  readonly definition: ContainerDefinition;
  readonly state: LifeState;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** @param asked the name as the user gave it, for the message. @throws BargeError invalid-parameter. */
export function assertNameValid(name: string, asked: string): void {
  if (!NAME.test(name)) {
    throw invalidParameter(`Invalid container name (${asked}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
}

export const noSuchContainer = (ref: string) => notFound(`No such container: ${ref}`);

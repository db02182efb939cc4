import type { Duplex, Readable } from 'node:stream';
import type { ProgressMessage } from '../api/engine/system.ts';
import type { Descriptor, ImageConfig } from '../api/oci-image.ts';
import type { Digest } from '../core/digest.ts';
import type { Annotation } from './annotations.ts';
import type { FindOwner, Owner } from './copy/ownership.ts';

/** A root file system: the diffIDs of its layers, lowest first. Empty is `scratch`. */
export type Layers = readonly Digest[];

/** Files for a layer. */
export interface LayerPart {
  /** Opens an uncompressed tar; called once, when this part is next. */
  open(): Readable;
  /**
   * The tar is one that ADD unpacks: its names start at the directory `into`, hostile ones are contained, its
   * directories follow links to directories, and the attributes of its root are ignored. `owner` becomes the owner of
   * everything in it.
   */
  readonly archive?: { readonly into: string; readonly owner?: Owner };
}

/** The operations that the builder needs from the machine. `engine/` implements it with real images and containers. */
export interface BuildWorker {
  /** The base image of this reference, from the store; from its registry when it is missing or with `pull`. */
  resolveImage(reference: string, options: ResolveOptions): Promise<BaseImage>;

  /** Names of the variables of an image in the store; undefined when it does not exist. */
  knownVariables(reference: string): readonly string[] | undefined;

  /**
   * Runs a process on top of `layers` and stores its changes as a layer. There is no layer when it changed nothing or
   * failed: a non-zero exit code is a result, not an exception.
   */
  exec(step: ExecRequest): Promise<ExecResult>;

  /**
   * Adds files on top of `layers`, one part after the other, inside that root file system: symlinks in an entry's
   * parent directories are resolved within the root, and missing parents are created as 0755 root. Directories without
   * an entry keep their attributes. Returns the layer of the changes, or undefined when there are none.
   * @throws BargeError invalid-parameter where a directory would replace a non-directory or the reverse, except in
   * archives.
   */
  apply(layers: Layers, parts: readonly LayerPart[], signal: AbortSignal): Promise<Digest | undefined>;

  /**
   * Mounts `layers` read-only at a host directory while `use` runs. Symlinks below that directory belong to the
   * image: the caller resolves them within the directory and never lets the host's kernel do it.
   */
  withRootfs<T>(layers: Layers, use: (path: string) => Promise<T>): Promise<T>;

  /**
   * The extended attributes that images preserve, of files below a directory from `withRootfs`: pax header records, at
   * the index of their path.
   */
  attributes(root: string, paths: readonly string[]): Promise<ReadonlyMap<number, Uint8Array>>;

  /** Looks up a user and a group in the account files of `layers`. */
  findOwner(layers: Layers, user: string, group: string): ReturnType<FindOwner>;

  /** Stores a config whose `rootfs.diff_ids` are all in the store as an image; returns its id. */
  commit(config: ImageConfig): Promise<Digest>;

  /** A layer with the same files, none of them younger than `latest`. */
  clampTimes(layer: Digest, latest: Date, signal: AbortSignal): Promise<Digest>;

  /**
   * Creates the target of a tag when it is more than one plain image: an index, or a manifest with annotations.
   * Undefined when neither is needed.
   */
  publish(images: readonly BuiltImage[], options: PublishOptions): Promise<Descriptor | undefined>;

  /** @param target the digest that `publish` returned. */
  tag(id: Digest, reference: string, target?: Digest): Promise<void>;
}

/** The image of one platform, and its attestations. */
export interface BuiltImage {
  readonly id: Digest;
  readonly platform: string;
  readonly predicates: readonly Predicate[];
}

/** The content of an in-toto statement. */
export interface Predicate {
  readonly type: string;
  readonly content: object;
}

export interface PublishOptions {
  readonly annotations: readonly Annotation[];
  /** The names of the images in statements. */
  readonly tags: readonly string[];
  readonly signal: AbortSignal;
}

export interface ResolveOptions {
  /** Query the registry even when the store has the image. */
  readonly pull: boolean;
  /** `os/arch[/variant]`; absent means the platform of this machine. */
  readonly platform?: string;
  readonly signal: AbortSignal;
  onProgress(message: ProgressMessage): void;
}

export interface BaseImage {
  readonly id: Digest;
  /** The digest that its registry has for it. */
  readonly digest?: Digest;
  readonly config: ImageConfig;
  readonly layers: Layers;
}

export interface ExecRequest {
  readonly layers: Layers;
  /** The platform of the programs in `layers`; absent means this machine's. */
  readonly architecture?: string;
  /** The program and its arguments; the program is looked up in the PATH of `env`. */
  readonly args: readonly string[];
  readonly env: readonly string[];
  /** An absolute directory of the root file system; created when missing. */
  readonly cwd: string;
  /** As in an image config: `name|uid[:group|gid]`, looked up inside the root file system; empty is root. */
  readonly user: string;
  readonly network?: NetworkMode;
  /** `name:address`, added to /etc/hosts. */
  readonly extraHosts?: readonly string[];
  /** Bytes of /dev/shm. */
  readonly shmSize?: number;
  readonly mounts?: readonly BuildMount[];
  readonly security?: 'sandbox' | 'insecure';
  /** CDI names of devices, and whether the step requires them. */
  readonly devices?: readonly DeviceRequest[];
  readonly resources?: BuildResources;
  readonly signal: AbortSignal;
  output(stream: OutputStream, chunk: Uint8Array): void;
}

export type OutputStream = 'stdout' | 'stderr';

/** `default`, `none`, `host`, or a network's name as in `docker build --network`. */
export type NetworkMode = string;

export interface ExecResult {
  readonly exitCode: number;
  readonly layer?: Digest;
}

export interface DeviceRequest {
  /** `vendor/class=name`. */
  readonly name: string;
  readonly required: boolean;
}

/** Limits of `POST /build`, with the meaning and units of the same HostConfig members. */
export interface BuildResources {
  readonly memory?: number;
  readonly memorySwap?: number;
  readonly cpuShares?: number;
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly cgroupParent?: string;
  readonly securityOpt?: readonly string[];
  readonly ulimits?: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[];
}

/** A `RUN --mount`: it exists while the process runs and is never part of its layer. */
export type BuildMount = BindMount | CacheMount | TmpfsMount | SecretMount | SshMount;

export interface BindMount {
  readonly type: 'bind';
  readonly target: string;
  /** The files: another stage's, an image's, or the build context as a separate layer. */
  readonly from: Layers;
  /** Path within `from`; `/` is all of it. */
  readonly source: string;
  /** When false, writes are allowed but discarded. */
  readonly readOnly: boolean;
}

export interface CacheMount {
  readonly type: 'cache';
  readonly target: string;
  /** Mounts with one id share one directory, across builds. */
  readonly id: string;
  readonly sharing: 'shared' | 'private' | 'locked';
  readonly readOnly: boolean;
  /** The initial content of a new cache directory; absent is empty. */
  readonly from?: Layers;
  readonly source: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface TmpfsMount {
  readonly type: 'tmpfs';
  readonly target: string;
  /** Bytes. */
  readonly size?: number;
}

export interface SecretMount {
  readonly type: 'secret';
  readonly id: string;
  /** A file's path; absent when the secret is only an environment variable. */
  readonly target?: string;
  /** The variable that contains the secret while the process runs. */
  readonly variable?: string;
  readonly value: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface SshMount {
  readonly type: 'ssh';
  readonly id: string;
  /** The socket's path; when absent, the worker chooses it. */
  readonly target?: string;
  readonly required: boolean;
  /** Absent when the client forwards no agent with this id. */
  readonly agent?: SshAgent;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** The ssh agent of the client. */
export interface SshAgent {
  /** Opens a new connection to it. */
  connect(): Promise<Duplex>;
}

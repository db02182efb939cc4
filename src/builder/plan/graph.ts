import type { ImageHistory, ImageRunConfig } from '../../api/oci-image.ts';
import type { Digest } from '../../core/digest.ts';
import type { GitSource } from '../copy/git-url.ts';
import type { SourceFile, Span } from '../parse/source.ts';
import type {
  CacheMount,
  DeviceRequest,
  Layers,
  NetworkMode,
  SecretMount,
  SshMount,
  TmpfsMount,
} from '../worker.ts';

/**
 * The build as a graph of operations, each turning root file systems into one. Nothing in it knows of
 * Dockerfiles: another front end may make the same graph. Operations are compared by identity.
 */
export type Operation = ImageOperation | ExecOperation | CopyOperation | DirectoryOperation;

/** A root file system that is already there: an image's, or the empty one. */
export interface ImageOperation {
  readonly kind: 'image';
  readonly layers: Layers;
  /** Absent for the empty root file system. */
  readonly id?: Digest;
}

export interface ExecOperation {
  readonly kind: 'exec';
  readonly base: Operation;
  /** What the programs of `base` are made for. */
  readonly architecture: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  /** Given to the process, but no part of what makes the result: proxies. */
  readonly transientEnv: readonly string[];
  readonly cwd: string;
  readonly user: string;
  readonly network: NetworkMode;
  readonly security: 'sandbox' | 'insecure';
  readonly devices: readonly DeviceRequest[];
  readonly mounts: readonly PlannedMount[];
  /** Scripts to run, by the path they appear at. */
  readonly scripts: readonly InlineFile[];
}

/** A mount whose files may come from another operation. */
export type PlannedMount =
  | {
      readonly type: 'bind';
      readonly target: string;
      readonly from: CopyOrigin;
      readonly source: string;
      readonly readOnly: boolean;
    }
  | (Omit<CacheMount, 'from'> & { readonly from?: CopyOrigin })
  | TmpfsMount
  | (Omit<SecretMount, 'value'> & { readonly required: boolean })
  | Omit<SshMount, 'agent'>;

export interface InlineFile {
  readonly path: string;
  readonly content: string;
}

/** Where files are taken from. */
export type CopyOrigin =
  /** The build context; with a name, another one. */
  | { readonly kind: 'context'; readonly name?: string }
  | { readonly kind: 'operation'; readonly operation: Operation };

export interface CopyOperation {
  readonly kind: 'copy';
  readonly verb: 'COPY' | 'ADD';
  readonly base: Operation;
  readonly from: CopyOrigin;
  /** Paths and patterns within `from`. */
  readonly sources: readonly string[];
  readonly documents: readonly InlineFile[];
  readonly downloads: readonly Download[];
  readonly repositories: readonly GitSource[];
  /** Absolute; a slash at its end says that it is a directory. */
  readonly destination: string;
  /** `user[:group]`, names or numbers; absent keeps the owners of an operation's files, and 0:0 otherwise. */
  readonly chown?: string;
  /** Octal or symbolic. */
  readonly chmod?: string;
  /** Make the layer without looking at `base`. */
  readonly link: boolean;
  /** Keep the directories above each source. */
  readonly parents: boolean;
  readonly exclude: readonly string[];
  /** Unpack archives of this machine instead of copying them. */
  readonly unpack: boolean;
  /** Unpack downloaded archives, too. */
  readonly unpackDownloads: boolean;
}

export interface Download {
  readonly url: string;
  readonly checksum?: string;
}

/** Makes a directory, and those above it, unless it is there. */
export interface DirectoryOperation {
  readonly kind: 'directory';
  readonly base: Operation;
  readonly path: string;
  /** Owner of the new directories, as `USER` takes it; empty is root. */
  readonly user: string;
}

/** What becomes of an image besides its files. */
export interface ImageState {
  readonly run: ImageRunConfig;
  readonly author?: string;
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
}

/** One instruction of the recipe, in the order people wrote them. */
export interface Step {
  /** Counts from 1 over all steps of the plan. */
  readonly number: number;
  /** The stage's name, or its number when it has none. */
  readonly stage: string;
  /** For which platform it is, in a build for several. */
  readonly platform?: string;
  /** The instruction as written. */
  readonly text: string;
  readonly source: SourceFile;
  readonly span: Span;
  /** The step before it in its stage. */
  readonly previous?: Step;
  /** The root file system after this step; the same as before it when the step changes no file. */
  readonly operation: Operation;
  readonly image: ImageState;
  /** For the image's history. */
  readonly createdBy: string;
  /** Names of the build arguments in effect, to explain misses by. */
  readonly args: readonly string[];
}

/** An image that a build begins with or copies from. */
export interface PlannedImage {
  readonly reference: string;
  readonly platform?: string;
  readonly id: Digest;
  /** Under which its registry knows it. */
  readonly digest?: Digest;
}

export interface Plan {
  readonly steps: readonly Step[];
  readonly images: readonly PlannedImage[];
  readonly target: {
    readonly operation: Operation;
    readonly image: ImageState;
    /** The base image's history, then the steps on the way to the target. */
    readonly history: readonly (ImageHistory | Step)[];
  };
  readonly warnings: readonly string[];
}

export const isStep = (entry: ImageHistory | Step): entry is Step => 'createdBy' in entry;

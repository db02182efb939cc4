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
 * The build as a graph of operations, each of which turns root file systems into one. It does not depend on
 * Dockerfiles, so that another front end can produce the same graph. Operations are compared by identity.
 */
export type Operation = ImageOperation | ExecOperation | CopyOperation | DirectoryOperation;

/** An existing root file system: an image's, or the empty one. */
interface ImageOperation {
  readonly kind: 'image';
  readonly layers: Layers;
  /** Absent for the empty root file system. */
  readonly id?: Digest;
}

export interface ExecOperation {
  readonly kind: 'exec';
  readonly base: Operation;
  /** The platform of the programs in `base`. */
  readonly architecture: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  /** Passed to the process, but not part of the cache key: proxies. */
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

/** Where files come from. */
export type CopyOrigin =
  /** The build context, or another one by name. */
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
  /** Absolute; a trailing slash marks a directory. */
  readonly destination: string;
  /** `user[:group]`, names or numbers; absent preserves the owners of an operation's files and means 0:0 otherwise. */
  readonly chown?: string;
  /** Octal or symbolic. */
  readonly chmod?: string;
  /** Create the layer without reading `base`. */
  readonly link: boolean;
  /** Preserve the directories above each source. */
  readonly parents: boolean;
  readonly exclude: readonly string[];
  /** Unpack local archives instead of copying them. */
  readonly unpack: boolean;
  /** Also unpack downloaded archives. */
  readonly unpackDownloads: boolean;
}

export interface Download {
  readonly url: string;
  readonly checksum?: string;
}

/** Creates a directory and its parents unless they exist. */
export interface DirectoryOperation {
  readonly kind: 'directory';
  readonly base: Operation;
  readonly path: string;
  /** Owner of the new directories, in the form of `USER`; empty is root. */
  readonly user: string;
}

/** The parts of an image besides its files. */
export interface ImageState {
  readonly run: ImageRunConfig;
  readonly author?: string;
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
}

/** One instruction, in the order of the Dockerfile. */
export interface Step {
  /** Numbered from 1 within the plan. */
  readonly number: number;
  /** The stage's name, or its number when it has none. */
  readonly stage: string;
  /** Its platform, in a build for several. */
  readonly platform?: string;
  /** The instruction as written. */
  readonly text: string;
  readonly source: SourceFile;
  readonly span: Span;
  /** The step before it in its stage. */
  readonly previous?: Step;
  /** The root file system after this step, which equals the one before when the step changes no files. */
  readonly operation: Operation;
  readonly image: ImageState;
  /** For the image's history. */
  readonly createdBy: string;
  /** Names of the build arguments in effect, to explain misses. */
  readonly args: readonly string[];
}

/** An image that a build starts from or copies from. */
export interface PlannedImage {
  readonly reference: string;
  readonly platform?: string;
  readonly id: Digest;
  /** The digest that its registry has for it. */
  readonly digest?: Digest;
}

export interface Plan {
  readonly steps: readonly Step[];
  readonly images: readonly PlannedImage[];
  readonly target: {
    readonly operation: Operation;
    readonly image: ImageState;
    /** The base image's history, then the steps up to the target. */
    readonly history: readonly (ImageHistory | Step)[];
  };
  readonly warnings: readonly string[];
}

export const isStep = (entry: ImageHistory | Step): entry is Step => 'createdBy' in entry;

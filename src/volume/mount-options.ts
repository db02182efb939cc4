/** How a bind treats the mounts below its source. */
export type Recursion = 'disabled' | 'writable' | 'readonly';

interface CommonMountOptions {
  readonly destination: string;
  /** As the user wrote it, for `inspect`. */
  readonly mode: string;
}

export interface BindMountOptions extends CommonMountOptions {
  readonly kind: 'bind';
  readonly source: string;
  readonly readOnly: boolean;
  readonly propagation: string;
  readonly recursion?: Recursion;
  /** Create the source, as a directory, when it is missing. */
  readonly makeSource: boolean;
  /** Set by `-v`: a start creates it, too. */
  readonly remakesSource?: boolean;
}

export interface VolumeMountOptions extends CommonMountOptions {
  readonly kind: 'volume';
  /** Empty: a new volume. */
  readonly name: string;
  readonly readOnly: boolean;
  readonly noCopy: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
  readonly subpath?: string;
}

export interface TmpfsMountOptions extends CommonMountOptions {
  readonly kind: 'tmpfs';
  /** Set by `--tmpfs`: lists of mounts omit it. */
  readonly unlisted?: boolean;
  readonly options: readonly string[];
}

export interface ImageMountOptions extends CommonMountOptions {
  readonly kind: 'image';
  readonly image: string;
  readonly subpath?: string;
}

/** The mounts that a container requests: validated, but not yet resolved or created. */
export type MountOptions = BindMountOptions | VolumeMountOptions | TmpfsMountOptions | ImageMountOptions;

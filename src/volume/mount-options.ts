/** How far a bind goes into what is mounted below its source. */
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
  /** Make the source, as a directory, when it is not there. */
  readonly makeSource: boolean;
  /** Of `-v`: a start does so, too. */
  readonly remakesSource?: boolean;
}

export interface VolumeMountOptions extends CommonMountOptions {
  readonly kind: 'volume';
  /** Empty: a new one. */
  readonly name: string;
  readonly readOnly: boolean;
  readonly noCopy: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
  readonly subpath?: string;
}

export interface TmpfsMountOptions extends CommonMountOptions {
  readonly kind: 'tmpfs';
  /** Of `--tmpfs`: lists of mounts leave it out. */
  readonly unlisted?: boolean;
  readonly options: readonly string[];
}

export interface ImageMountOptions extends CommonMountOptions {
  readonly kind: 'image';
  readonly image: string;
  readonly subpath?: string;
}

/** What a container asks to have mounted: checked, with nothing found or made yet. */
export type MountOptions = BindMountOptions | VolumeMountOptions | TmpfsMountOptions | ImageMountOptions;

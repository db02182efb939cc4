/** How far a bind goes into what is mounted below its source. */
export type Recursion = 'disabled' | 'writable' | 'readonly';

interface AnyWish {
  readonly destination: string;
  /** As the user wrote it, for `inspect`. */
  readonly mode: string;
}

export interface BindWish extends AnyWish {
  readonly kind: 'bind';
  readonly source: string;
  readonly readOnly: boolean;
  readonly propagation: string;
  readonly recursion?: Recursion;
  /** Make the source, as a folder, when it is not there. */
  readonly makeSource: boolean;
}

export interface VolumeWish extends AnyWish {
  readonly kind: 'volume';
  /** Empty: a new one. */
  readonly name: string;
  readonly readOnly: boolean;
  readonly noCopy: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
  readonly subpath?: string;
}

export interface TmpfsWish extends AnyWish {
  readonly kind: 'tmpfs';
  readonly options: readonly string[];
}

export interface ImageWish extends AnyWish {
  readonly kind: 'image';
  readonly image: string;
  readonly subpath?: string;
}

/** What a container asks to have mounted: checked, with nothing found or made yet. */
export type MountWish = BindWish | VolumeWish | TmpfsWish | ImageWish;

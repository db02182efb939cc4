import type { ImageConfig } from '../../src/api/oci-image.ts';

/** A file of a context: its content, or a description. */
export type ContextFile =
  | string
  | { readonly content: string; readonly mode?: number }
  | { readonly link: string }
  | { readonly directory: true; readonly mode?: number };

/** A Dockerfile to build for real, and the expected result. */
export interface BuildCase {
  /** A sentence. */
  readonly name: string;
  readonly dockerfile: string;
  readonly files?: Readonly<Record<string, ContextFile>>;
  /** Parameters of `POST /build`. */
  readonly query?: Readonly<Record<string, string>>;
  /**
   * Path in the image to the expected entry: `MODE UID:GID content` for a file, `MODE/ UID:GID` for a directory, `->
   * target` for a link, null for a missing entry. Without `MODE UID:GID`, only the content is compared.
   */
  readonly tree?: Readonly<Record<string, string | RegExp | null>>;
  /** Members of the image's `config`. */
  readonly config?: Partial<NonNullable<ImageConfig['config']>>;
  /** The build must fail with a message that matches. */
  readonly fails?: RegExp;
  /** The stream must match this. */
  readonly says?: RegExp;
}

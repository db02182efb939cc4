import type { ImageConfig } from '../../src/api/oci-image.ts';

/** A file of a context: its content, or more than that. */
export type ContextFile =
  | string
  | { readonly content: string; readonly mode?: number }
  | { readonly link: string }
  | { readonly directory: true; readonly mode?: number };

/** A Dockerfile that is built for real, and what must come of it. */
export interface BuildCase {
  /** A sentence. */
  readonly name: string;
  readonly dockerfile: string;
  readonly files?: Readonly<Record<string, ContextFile>>;
  /** Parameters of `POST /build`. */
  readonly query?: Readonly<Record<string, string>>;
  /**
   * Path in the image to what is there: `MODE UID:GID content` for a file, `MODE/ UID:GID` for a directory, `-> target`
   * for a link, null for nothing. Without the `MODE UID:GID`, only content is compared.
   */
  readonly tree?: Readonly<Record<string, string | RegExp | null>>;
  /** Members of the image's `config`. */
  readonly config?: Partial<NonNullable<ImageConfig['config']>>;
  /** The build must fail with a message like this. */
  readonly fails?: RegExp;
  /** What the stream must say. */
  readonly says?: RegExp;
}

import type { Readable } from 'node:stream';
import type { Descriptor } from '../../api/oci-image.ts';
import type { Digest } from '../../core/digest.ts';

/** The storage of a registry's content. The callers have validated names, tags and digests. */
export interface RegistryStorage {
  readonly blobs: BlobStorage;
  readonly uploads: UploadStorage;
  readonly manifests: ManifestStorage;
  readonly tags: TagStorage;
  readonly referrers: ReferrerStorage;
  /** Every repository with a manifest, in byte order. */
  repositories(): Promise<string[]>;
  /**
   * Bytes of blobs, manifests and uploads in progress in all repositories below the namespaces; content of several
   * repositories counts once.
   */
  usage(namespaces: readonly string[]): Promise<number>;
}

/** First and last byte, inclusive, starting at 0. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export type WritePiece = (piece: Buffer) => Promise<void>;

/** Content by digest. A blob is visible only through repositories that own it. */
export interface BlobStorage {
  /** Bytes, or undefined when `repository` does not own the blob. */
  size(repository: string, digest: Digest): Promise<number | undefined>;
  /** Like `size`, for a manifest that will name it: garbage collection then spares it for its grace period. */
  keep(repository: string, digest: Digest): Promise<number | undefined>;
  /** To be called only after `size` has found the blob. */
  read(digest: Digest, range?: ByteRange): Readable;
  /**
   * Passes the bytes to `write`; a piece may be reused once `write` has resolved. undefined when `read` is equally fast.
   */
  pour(digest: Digest, range: ByteRange | undefined, write: WritePiece): Promise<void> | undefined;
  /** A URL where clients can fetch the blob directly; undefined when there is none. */
  urlFor(digest: Digest): Promise<string | undefined>;
  /** Makes `repository` another owner of a blob of `from`; false when `from` does not own it. */
  mount(repository: string, digest: Digest, from: string): Promise<boolean>;
  /** Removes the ownership; false when there was none. Other repositories keep theirs. */
  remove(repository: string, digest: Digest): Promise<boolean>;
}

/** The client's claims about the bytes it sends. */
export interface Chunk {
  readonly bytes: Readable;
  /** Claimed offset of the first byte. */
  readonly start?: number;
  /** Claimed number of bytes; more or fewer are an error. */
  readonly length?: number;
  readonly limit?: ChunkLimit | undefined;
}

/** Decides whether more bytes are allowed, and with which error they are rejected. */
export interface ChunkLimit {
  /** Called for every piece, with the number of bytes of the chunk so far, including it. */
  admits(taken: number): boolean;
  error(): Error;
}

/** `accepted` is false when the chunk does not start where the upload ends; in that case nothing was written. */
export interface ChunkResult {
  readonly accepted: boolean;
  /** Size of the upload. */
  readonly offset: number;
}

/** Blob uploads. Their state survives the process; the ids of one repository are not valid in others. */
export interface UploadStorage {
  /** @returns the id of a new, empty upload. */
  start(repository: string): Promise<string>;
  /** @throws RegistryError BLOB_UPLOAD_UNKNOWN, like all methods with an id. */
  offset(repository: string, id: string): Promise<number>;
  /** When the sender disconnects, the received bytes are kept; on any other failure, the chunk is discarded. */
  append(repository: string, id: string, chunk: Chunk): Promise<ChunkResult>;
  /**
   * Appends the last chunk, verifies everything against `digest` and makes `repository` the blob's owner.
   * @throws RegistryError DIGEST_INVALID; the upload has been removed then.
   */
  finish(repository: string, id: string, digest: Digest, chunk: Chunk): Promise<ChunkResult>;
  cancel(repository: string, id: string): Promise<void>;
  /** Bytes of all uploads in progress of repositories that are `counted`. */
  usage(counted: (repository: string) => boolean): Promise<number>;
  /** Removes uploads that have received no bytes for `age` milliseconds. @returns the number of removed uploads. */
  expire(age: number): Promise<number>;
}

export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
}

export interface NewManifest extends StoredManifest {
  readonly bytes: Uint8Array;
  /** Present when the manifest has a subject. */
  readonly referrer?: { readonly subject: Digest; readonly descriptor: Descriptor };
}

export interface ManifestStorage {
  find(repository: string, digest: Digest): Promise<StoredManifest | undefined>;
  /** Like `find`, for an index that will name it: garbage collection then spares it for its grace period. */
  keep(repository: string, digest: Digest): Promise<StoredManifest | undefined>;
  /** To be called only for a manifest that `find` has found. */
  read(digest: Digest, range?: ByteRange): Readable;
  /** The whole content; undefined when it is missing. */
  load(digest: Digest): Promise<Buffer | undefined>;
  put(repository: string, manifest: NewManifest): Promise<void>;
  /** Removes the manifest and its entry among the referrers; false when it did not exist. */
  remove(repository: string, digest: Digest): Promise<boolean>;
}

export interface TagStorage {
  /** In byte order; undefined when the repository is unknown. */
  list(repository: string): Promise<string[] | undefined>;
  resolve(repository: string, tag: string): Promise<Digest | undefined>;
  /** When it was set, in milliseconds since 1970. */
  setAt(repository: string, tag: string): Promise<number | undefined>;
  set(repository: string, tag: string, digest: Digest): Promise<void>;
  /** Sets the tag unless it exists. @returns its current target. */
  claim(repository: string, tag: string, digest: Digest): Promise<Digest>;
  /** False when there was no such tag, or it was set at `setBefore` or later. */
  remove(repository: string, tag: string, setBefore?: number): Promise<boolean>;
}

export interface ReferrerStorage {
  /** Descriptors of manifests whose subject is `subject`, by digest in byte order, after `last`. */
  list(repository: string, subject: Digest, last?: string): AsyncIterable<Descriptor>;
}

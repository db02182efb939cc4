import type { Readable } from 'node:stream';
import type { Descriptor } from '../../api/oci-image.ts';
import type { Digest } from '../../core/digest.ts';

/** Where a registry keeps its content. The callers have validated names, tags and digests. */
export interface RegistryStorage {
  readonly blobs: BlobStorage;
  readonly uploads: UploadStorage;
  readonly manifests: ManifestStorage;
  readonly tags: TagStorage;
  readonly referrers: ReferrerStorage;
  /** Every repository that holds a manifest, in byte order. */
  repositories(): Promise<string[]>;
  /**
   * Bytes of blobs, manifests and uploads under way in all repositories below some first parts of names; what several
   * hold counts once.
   */
  usage(namespaces: readonly string[]): Promise<number>;
}

/** First and last byte, both included, counted from 0. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export type WritePiece = (piece: Buffer) => Promise<void>;

/** Content by digest. A blob is seen only through repositories that own it. */
export interface BlobStorage {
  /** Bytes, or undefined when `repository` does not own the blob. */
  size(repository: string, digest: Digest): Promise<number | undefined>;
  /** Like `size`, for a manifest that will name it: garbage collection spares it for its grace from now on. */
  keep(repository: string, digest: Digest): Promise<number | undefined>;
  /** Call only for a blob whose size was found. */
  read(digest: Digest, range?: ByteRange): Readable;
  /**
   * Gives `write` the bytes; a piece may be used again once `write` has resolved. undefined when `read` is as good.
   */
  pour(digest: Digest, range: ByteRange | undefined, write: WritePiece): Promise<void> | undefined;
  /** Where a client can fetch the blob by itself; undefined when only the registry can. */
  urlFor(digest: Digest): Promise<string | undefined>;
  /** Makes `repository` own a blob of `from` too; false when `from` does not own it. */
  mount(repository: string, digest: Digest, from: string): Promise<boolean>;
  /** Ends the ownership; false when there was none. Other repositories keep theirs. */
  remove(repository: string, digest: Digest): Promise<boolean>;
}

/** What the client says about the bytes it sends. */
export interface Chunk {
  readonly bytes: Readable;
  /** Offset that the first byte claims to have. */
  readonly start?: number;
  /** Number of bytes claimed; more or fewer is an error. */
  readonly length?: number;
  readonly limit?: ChunkLimit | undefined;
}

/** Says whether more bytes may come, and what is thrown when they may not. */
export interface ChunkLimit {
  /** Called for every piece, with the bytes of the chunk so far including it. */
  admits(taken: number): boolean;
  error(): Error;
}

/** `accepted` is false when the chunk does not start where the upload ends; nothing was written then. */
export interface ChunkResult {
  readonly accepted: boolean;
  /** Bytes that the upload holds now. */
  readonly offset: number;
}

/** Blobs on their way in. Their state outlives the process; ids of one repository are unknown to others. */
export interface UploadStorage {
  /** @returns the id of a new, empty upload. */
  start(repository: string): Promise<string>;
  /** @throws RegistryError BLOB_UPLOAD_UNKNOWN, as do all methods that take an id. */
  offset(repository: string, id: string): Promise<number>;
  /** When the sender breaks off, the bytes that came are kept; on any other failure none of the chunk is. */
  append(repository: string, id: string, chunk: Chunk): Promise<ChunkResult>;
  /**
   * Appends the last chunk, verifies everything against `digest` and hands the blob to `repository`.
   * @throws RegistryError DIGEST_INVALID; the upload is gone then.
   */
  finish(repository: string, id: string, digest: Digest, chunk: Chunk): Promise<ChunkResult>;
  cancel(repository: string, id: string): Promise<void>;
  /** Bytes of all uploads under way, of repositories that are `counted`. */
  usage(counted: (repository: string) => boolean): Promise<number>;
  /** Removes uploads that took no bytes for `age` milliseconds. @returns how many. */
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
  /** Present when the manifest names a subject. */
  readonly referrer?: { readonly subject: Digest; readonly descriptor: Descriptor };
}

export interface ManifestStorage {
  find(repository: string, digest: Digest): Promise<StoredManifest | undefined>;
  /** Like `find`, for an index that will name it: garbage collection spares it for its grace from now on. */
  keep(repository: string, digest: Digest): Promise<StoredManifest | undefined>;
  /** Call only for a manifest that was found. */
  read(digest: Digest, range?: ByteRange): Readable;
  /** All of it; undefined when its content is missing. */
  load(digest: Digest): Promise<Buffer | undefined>;
  put(repository: string, manifest: NewManifest): Promise<void>;
  /** Removes the manifest and its place among referrers; false when it was not there. */
  remove(repository: string, digest: Digest): Promise<boolean>;
}

export interface TagStorage {
  /** In byte order; undefined when the repository is unknown. */
  list(repository: string): Promise<string[] | undefined>;
  resolve(repository: string, tag: string): Promise<Digest | undefined>;
  /** When it was set, in milliseconds since 1970. */
  setAt(repository: string, tag: string): Promise<number | undefined>;
  set(repository: string, tag: string, digest: Digest): Promise<void>;
  /** Sets the tag unless it is there. @returns where it leads now. */
  claim(repository: string, tag: string, digest: Digest): Promise<Digest>;
  /** False when there was no such tag, or it was set at `setBefore` or later. */
  remove(repository: string, tag: string, setBefore?: number): Promise<boolean>;
}

export interface ReferrerStorage {
  /** Descriptors of manifests whose subject is `subject`, by digest in byte order, after `last`. */
  list(repository: string, subject: Digest, last?: string): AsyncIterable<Descriptor>;
}

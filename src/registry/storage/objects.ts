import type { Readable } from 'node:stream';
import type { ByteRange, WritePiece } from './storage.ts';

export interface ObjectInfo {
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970 of the last write or, where the store does not distinguish them, the last `touch`. */
  readonly modified: number;
}

/** A direct child of a directory. */
export interface ObjectEntry {
  readonly name: string;
  readonly isDirectory: boolean;
}

/**
 * Named bytes: the common interface of file systems and object storage. Keys are paths with slashes, never empty,
 * without `.` and `..`; a common prefix is a directory, which need not be created. Writes are
 * immediately visible to all processes.
 */
export interface ObjectStore {
  stat(key: string): Promise<ObjectInfo | undefined>;
  /** The whole content of a small object. */
  load(key: string): Promise<Buffer | undefined>;
  /** The stream fails when there is no such object. */
  read(key: string, range?: ByteRange): Readable;
  /**
   * Passes the object's bytes to `write`; a piece may be reused once `write` has resolved. A faster alternative to `read`,
   * where the store has one.
   */
  readonly pour?: (key: string, range: ByteRange | undefined, write: WritePiece) => Promise<void>;
  /** Atomic, and durable once it returns. */
  save(key: string, data: string | Uint8Array): Promise<void>;
  /** False when there was none. */
  remove(key: string): Promise<boolean>;
  /** Replaces the object at `to`. */
  move(from: string, to: string): Promise<void>;
  /** Unordered; empty for a missing directory. Names of unfinished writes are skipped. */
  list(directory: string): Promise<ObjectEntry[]>;
  /** Whether there is an object at any depth below. */
  holds(directory: string): Promise<boolean>;
  /** Updates the object's time of last access; false when there is none. */
  touch(key: string): Promise<boolean>;
  /** Milliseconds since 1970 of the last write or touch. */
  touchedAt(key: string): Promise<number | undefined>;
  /** A URL where clients can fetch the object directly for some minutes; undefined when there is none. */
  readonly urlFor?: (key: string) => Promise<string>;
}

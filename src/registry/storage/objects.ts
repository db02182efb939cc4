import type { Readable } from 'node:stream';
import type { ByteRange, WritePiece } from './storage.ts';

export interface ObjectInfo {
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970 of the last write or, where that is the same for the store, the last `touch`. */
  readonly modified: number;
}

/** What lies directly below a directory. */
export interface ObjectEntry {
  readonly name: string;
  readonly isDirectory: boolean;
}

/**
 * Named bytes: what file systems and object storage have in common. Keys are paths with slashes, never empty,
 * without `.` and `..`; what lies below a common part is a directory, which needs no making. What was written is
 * seen by whoever asks next, whatever process they are.
 */
export interface ObjectStore {
  stat(key: string): Promise<ObjectInfo | undefined>;
  /** All of a small object. */
  load(key: string): Promise<Buffer | undefined>;
  /** The stream fails when there is no such object. */
  read(key: string, range?: ByteRange): Readable;
  /**
   * Gives `write` the object's bytes; a piece may be used again once `write` has resolved. A faster way than `read`,
   * where there is one.
   */
  readonly pour?: (key: string, range: ByteRange | undefined, write: WritePiece) => Promise<void>;
  /** Whole or not at all, and for good, once it returns. */
  save(key: string, data: string | Uint8Array): Promise<void>;
  /** False when there was none. */
  remove(key: string): Promise<boolean>;
  /** Takes the place of what is at `to`. */
  move(from: string, to: string): Promise<void>;
  /** In no order; nothing for a directory that is not there. Names of unfinished writes are left out. */
  list(directory: string): Promise<ObjectEntry[]>;
  /** Whether some object lies below, however deep. */
  holds(directory: string): Promise<boolean>;
  /** Makes the object young; false when there is none. */
  touch(key: string): Promise<boolean>;
  /** Milliseconds since 1970 of the last write or touch. */
  touchedAt(key: string): Promise<number | undefined>;
  /** Where a client can fetch the object by itself for some minutes; undefined when it cannot. */
  readonly urlFor?: (key: string) => Promise<string>;
}

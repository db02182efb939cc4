import type { Digest } from '../core/digest.ts';

/** The outcome of a step, stored by the step's content key. */
export interface CacheRecord {
  /** The layer that the step added; absent when it changed no file. */
  readonly layer?: Digest;
  /** RFC 3339; written into the history of every image built from this record. */
  readonly created: string;
}

/** Stores the outcomes of steps. `engine/` implements it with its database. */
export interface BuildCache {
  /** Returns only records whose layer is still in the store. */
  get(key: string): Promise<CacheRecord | undefined>;
  /** @param description the record's text in lists. */
  put(key: string, record: CacheRecord, description?: string): Promise<void>;
  /**
   * Runs `make`, which stores the record, once for all concurrent callers with this key; the others get its record,
   * marked `shared`. When the running caller is cancelled, another one takes over.
   * @throws what `make` throws; a cancelled error when `signal` aborts first.
   */
  once(
    key: string,
    make: () => Promise<CacheRecord>,
    signal: AbortSignal,
  ): Promise<{ readonly record: CacheRecord; readonly shared: boolean }>;
  /** The ingredients of the last build of this scope, to explain misses. */
  readTrace(scope: string): Promise<BuildTrace | undefined>;
  writeTrace(scope: string, trace: BuildTrace): Promise<void>;
}

/** Plain data that can be stored as JSON. */
export interface BuildTrace {
  readonly steps: readonly StepTrace[];
}

export interface StepTrace {
  /** The stage's name, or its number when it has none. */
  readonly stage: string;
  /** The number of preceding steps in its stage. */
  readonly index: number;
  /** The instruction as written in the Dockerfile. */
  readonly text: string;
  /** The ingredients of the step's key: `env:PATH`, `file:src/main.c`, … each with its value or digest. */
  readonly ingredients: Readonly<Record<string, string>>;
}

import type { Digest } from '../core/digest.ts';

/** The outcome of a step, kept under the step's content key. */
export interface CacheRecord {
  /** The layer that the step added; absent when it changed no file. */
  readonly layer?: Digest;
  /** RFC 3339; goes into the history of every image built from this record. */
  readonly created: string;
}

/** Where outcomes of steps are kept. `engine/` implements it over its database. */
export interface BuildCache {
  /** Only records whose layer is still in the store. */
  get(key: string): Promise<CacheRecord | undefined>;
  /** @param description what people see of the record in lists. */
  put(key: string, record: CacheRecord, description?: string): Promise<void>;
  /**
   * Lets `make`, which puts the record, run once for all who want this key at a time; the others get its record,
   * `shared`. When the one that ran was cancelled, another of them does the work.
   * @throws what `make` throws; a cancelled error when `signal` aborts first.
   */
  once(
    key: string,
    make: () => Promise<CacheRecord>,
    signal: AbortSignal,
  ): Promise<{ readonly record: CacheRecord; readonly shared: boolean }>;
  /** What the last build of this scope was made of, to explain misses by. */
  readTrace(scope: string): Promise<BuildTrace | undefined>;
  writeTrace(scope: string, trace: BuildTrace): Promise<void>;
}

/** Plain data: may be stored as JSON. */
export interface BuildTrace {
  readonly steps: readonly StepTrace[];
}

export interface StepTrace {
  /** The stage's name, or its number when it has none. */
  readonly stage: string;
  /** How many steps of its stage are before it. */
  readonly index: number;
  /** The instruction as the Dockerfile has it. */
  readonly text: string;
  /** What the step's key was made of: `env:PATH`, `file:src/main.c`, … each with its value or digest. */
  readonly ingredients: Readonly<Record<string, string>>;
}

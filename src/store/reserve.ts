import { closeSync, existsSync, openSync, rmSync, writeSync } from 'node:fs';
import { errnoOf } from '../core/errors.ts';

/** Bytes: enough for hundreds of small transactions. */
const SIZE = 512 << 10;
/** Milliseconds between attempts to allocate the reserve again. */
const PATIENCE = 10_000;

/**
 * A file that only occupies space. When the disk is full it is removed, so that exits can still be recorded
 * and space-freeing requests can be served; it is allocated again when there is space.
 */
export class Reserve {
  readonly #path: string;
  #triedAt = 0;
  #exists: boolean;

  constructor(path: string) {
    this.#path = path;
    this.#exists = existsSync(path);
    this.restore();
  }

  /** @returns whether there was a reserve to release. */
  release(): boolean {
    if (!this.#exists) return false;
    rmSync(this.#path, { force: true });
    this.#exists = false;
    this.#triedAt = Date.now();
    return true;
  }

  /** Allocates the reserve again, if an attempt is due and there is space. */
  restore(): void {
    if (this.#exists || Date.now() - this.#triedAt < PATIENCE) return;
    this.#triedAt = Date.now();
    const file = openSync(this.#path, 'w', 0o600);
    try {
      for (let written = 0; written < SIZE; ) written += writeSync(file, Buffer.alloc(SIZE - written));
      this.#exists = true;
    } catch (error) {
      rmSync(this.#path);
      if (!['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '')) throw error;
    } finally {
      closeSync(file);
    }
  }
}

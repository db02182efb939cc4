import { closeSync, existsSync, openSync, rmSync, writeSync } from 'node:fs';
import { errnoOf } from '../core/errors.ts';

/** Bytes: hundreds of small transactions. */
const SIZE = 512 << 10;
/** Milliseconds between two tries to have a reserve again. */
const PATIENCE = 10_000;

/**
 * A file that only takes up room. When the disk is full it goes, so that what ends can still be written down,
 * and what makes room can be asked for; it comes back when there is room again.
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

  /** @returns whether there was something to give. */
  release(): boolean {
    if (!this.#exists) return false;
    rmSync(this.#path, { force: true });
    this.#exists = false;
    this.#triedAt = Date.now();
    return true;
  }

  /** Takes the room again, if it is time and there is any. */
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

import { closeSync, existsSync, openSync, rmSync, writeSync } from 'node:fs';

/** Bytes: enough for hundreds of small transactions. */
const SIZE = 512 << 10;
/** Milliseconds between attempts to allocate the reserve again. */
const PATIENCE = 10_000;

/**
 * A file that only occupies space. When the disk is full it is removed, so that exits can still be recorded and
 * space-freeing requests can be served. It is allocated again as soon as there is space.
 */
export class Reserve implements Disposable {
  readonly #path: string;
  #timer: NodeJS.Timeout | undefined;
  #exists: boolean;

  constructor(path: string) {
    this.#path = path;
    this.#exists = existsSync(path);
    if (!this.#exists) this.#restore();
  }

  /** @returns whether there was a reserve to release. */
  release(): boolean {
    if (!this.#exists) return false;
    rmSync(this.#path, { force: true });
    this.#exists = false;
    this.#restoreLater();
    return true;
  }

  #restoreLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#restore();
    }, PATIENCE).unref();
  }

  /** Allocates the reserve if there is space; else it tries again later. Being without a reserve fails nothing. */
  #restore(): void {
    try {
      writeReserve(this.#path);
      this.#exists = true;
    } catch {
      rmSync(this.#path, { force: true });
      this.#restoreLater();
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

function writeReserve(path: string): void {
  const file = openSync(path, 'w', 0o600);
  try {
    for (let written = 0; written < SIZE; ) written += writeSync(file, Buffer.alloc(SIZE - written));
  } finally {
    closeSync(file);
  }
}

import { closeSync, existsSync, openSync, rmSync, writeSync } from 'node:fs';

/** Bytes: hundreds of small transactions. */
const SIZE = 512 << 10;
/** Milliseconds between two tries to have a reserve again. */
const PATIENCE = 10_000;

/**
 * A file that only takes up room. When the disk is full it goes, so that the ends of containers can still be recorded, and
 * what makes room can be asked for. It comes back as soon as there is room again.
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

  /** @returns whether there was any room to release. */
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

  /** Takes the room, if there is any; else it tries again later. A reserve that cannot be had fails nothing. */
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

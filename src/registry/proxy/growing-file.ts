import { randomBytes } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { systemError } from '../../core/errors.ts';
import { failsElsewhere } from '../../core/streams.ts';

const READ_SIZE = 256 * 1024;

/** A promise to wait for before the byte at `at` is read. */
interface Gate {
  readonly at: number;
  readonly opened: Promise<void>;
}

/** An unlinked file with one writer, which others read while it grows. It is closed after the last user. */
export class GrowingFile {
  readonly #file: FileHandle;
  readonly #waiting = new Set<() => void>();
  #users = 1;
  #written = 0;
  #end: { readonly error?: unknown } | undefined;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async create(directory: string): Promise<GrowingFile> {
    const path = join(directory, `barge-download-${randomBytes(8).toString('hex')}`);
    const file = await open(path, 'wx+', 0o600);
    await unlink(path);
    return new GrowingFile(file);
  }

  get written(): number {
    return this.#written;
  }

  async write(piece: Uint8Array): Promise<void> {
    for (let done = 0; done < piece.byteLength; ) {
      const { bytesWritten } = await this.#file.write(piece, done, piece.byteLength - done, this.#written);
      done += bytesWritten;
      this.#written += bytesWritten;
    }
    this.#wake();
  }

  /** Marks the end of the data. @param error the error for readers that have read everything. */
  async end(error?: unknown): Promise<void> {
    this.#end = { error };
    this.#wake();
    await this.#leave();
  }

  /** Whether the last user has left, so that the file can no longer be read. */
  get isClosed(): boolean {
    return this.#users === 0;
  }

  /**
   * The bytes from `start` to before `stop`, as they arrive.
   * @param gate awaited before the byte at `gate.at`, if present.
   */
  read(start: number, stop: number, gate?: Gate): Readable {
    this.#users++;
    let at = start;
    const reader: Readable = failsElsewhere(
      new Readable({
        highWaterMark: READ_SIZE,
        read: () => {
          this.#next(at, stop, gate)
            .then((piece) => {
              at += piece?.length ?? 0;
              reader.push(piece);
            })
            .catch((error: Error) => reader.destroy(error));
        },
        destroy: (error, done) => {
          this.#leave().then(() => done(error), done);
        },
      }),
    );
    return reader;
  }

  /** null at the end. */
  async #next(at: number, stop: number, gate: Gate | undefined): Promise<Buffer | null> {
    if (at >= stop) return null;
    if (gate && at >= gate.at) await gate.opened;
    const until = gate && at < gate.at ? Math.min(stop, gate.at) : stop;
    while (this.#written <= at) {
      if (this.#end) throw this.#end.error ?? systemError('the download ended early');
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    const buffer = Buffer.allocUnsafe(Math.min(this.#written - at, until - at, READ_SIZE));
    const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, at);
    return buffer.subarray(0, bytesRead);
  }

  async #leave(): Promise<void> {
    this.#users--;
    if (this.#users === 0) await this.#file.close();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

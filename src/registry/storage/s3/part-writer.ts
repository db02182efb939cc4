import { randomBytes } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Limiter } from '../../../core/limiter.ts';
import { isStorageFull, storageFull } from '../storage-full.ts';
import type { UploadedPart } from './bucket.ts';

/** Minimum bytes of a part, except for the last, in object storage, which accepts at most ten thousand parts. */
const MIN_PART = 8 * 1024 * 1024;
const PARTS_OF_ONE_SIZE = 1000;

/** Parts grow with the upload: 8 MiB each for the first thousand, then twice that, so that ten thousand suffice for terabytes. */
const partSize = (parts: number): number => MIN_PART * 2 ** Math.floor(parts / PARTS_OF_ONE_SIZE);

type SendPart = (number: number, bytes: Buffer) => Promise<UploadedPart>;

/**
 * Gathers bytes into parts in an unlinked file: many slow uploads may run concurrently, and memory is only used
 * for the few parts that are being sent.
 */
export class PartWriter {
  readonly #file: FileHandle;
  readonly #slots: Limiter;
  readonly #send: SendPart;
  readonly #parts: UploadedPart[];
  #size = 0;

  private constructor(file: FileHandle, slots: Limiter, parts: readonly UploadedPart[], send: SendPart) {
    this.#file = file;
    this.#slots = slots;
    this.#parts = [...parts];
    this.#send = send;
  }

  /** @param slots limits the parts in memory. @param tail bytes that do not fill a part yet. */
  static async open(
    directory: string,
    slots: Limiter,
    state: { readonly parts: readonly UploadedPart[]; readonly tail: Uint8Array },
    send: SendPart,
  ): Promise<PartWriter> {
    const path = join(directory, `barge-part-${randomBytes(8).toString('hex')}`);
    const file = await open(path, 'wx+', 0o600);
    await unlink(path);
    const writer = new PartWriter(file, slots, state.parts, send);
    await writer.#append(state.tail);
    return writer;
  }

  get parts(): readonly UploadedPart[] {
    return this.#parts;
  }

  /** Bytes that do not fill a part yet. */
  get tailSize(): number {
    return this.#size;
  }

  /** @returns whether there is a new part. */
  async write(bytes: Uint8Array): Promise<boolean> {
    await this.#append(bytes);
    if (this.#size < partSize(this.#parts.length)) return false;
    await this.flush();
    return true;
  }

  /** Sends the remaining bytes, regardless of their number. */
  async flush(): Promise<void> {
    if (this.#size === 0) return;
    this.#parts.push(await this.withTail((bytes) => this.#send(this.#parts.length + 1, bytes)));
    this.#size = 0;
  }

  /** Calls `action` with the bytes that do not fill a part. */
  async withTail<T>(action: (bytes: Buffer) => Promise<T>): Promise<T> {
    return await this.#slots(async () => {
      const bytes = Buffer.allocUnsafe(this.#size);
      for (let read = 0; read < this.#size; ) {
        read += (await this.#file.read(bytes, read, this.#size - read, read)).bytesRead;
      }
      return await action(bytes);
    });
  }

  async #append(bytes: Uint8Array): Promise<void> {
    try {
      for (let written = 0; written < bytes.byteLength; ) {
        const length = bytes.byteLength - written;
        const { bytesWritten } = await this.#file.write(bytes, written, length, this.#size + written);
        written += bytesWritten;
      }
      this.#size += bytes.byteLength;
    } catch (error) {
      throw isStorageFull(error) ? storageFull() : error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

import type { FileHandle } from 'node:fs/promises';
import { heapRoom } from '../../../core/heap-room.ts';
import { registryError } from '../../registry-error.ts';
import type { Chunk } from '../storage.ts';
import { isStorageFull, storageFull } from '../storage-full.ts';

/** Maximum bytes to gather for one write while more are available. */
const WRITE_SIZE = 1 << 20;
/** Bytes after which write-back to the disk is started. */
const SYNC_SIZE = 8 << 20;

/**
 * Appends a chunk to a file that is open for appending and has `offset` bytes, and passes every piece to `observe`.
 * When the sender disconnects, the received bytes are kept and the sender's error is thrown; on any other failure the file
 * is truncated to `offset`, which frees the space on a full disk.
 * @returns the size of the file.
 * @throws RegistryError SIZE_INVALID when the chunk does not have its announced length, INSUFFICIENT_STORAGE; the
 * limit's own error.
 */
export async function appendChunk(
  file: FileHandle,
  offset: number,
  chunk: Chunk,
  observe: (piece: Uint8Array) => void = () => {},
): Promise<number> {
  const most = chunk.length ?? Number.POSITIVE_INFINITY;
  let taken = 0;
  let isRefused = false;
  using _room = heapRoom();
  const disk = new EarlySync(file);
  let gathered: Uint8Array[] = [];
  let size = 0;
  const write = async () => {
    const pieces = gathered;
    const bytes = size;
    gathered = [];
    size = 0;
    /* The disk writes while the digest is computed. */
    const writing = writeAll(file, pieces, offset);
    for (const piece of pieces) observe(piece);
    await writing;
    disk.wrote(bytes);
  };
  try {
    // The stream must survive a failure here: it is the request, whose connection is needed for the response.
    for await (const piece of chunk.bytes.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      taken += piece.byteLength;
      isRefused = chunk.limit?.admits(taken) === false;
      if (isRefused || taken > most) break;
      gathered.push(piece);
      size += piece.byteLength;
      if (size >= WRITE_SIZE || chunk.bytes.readableLength === 0) await write();
    }
  } finally {
    if (!isRefused && taken <= most && gathered.length > 0) await write();
    await disk.settled();
  }
  if (chunk.limit && isRefused) {
    await file.truncate(offset);
    throw chunk.limit.error();
  }
  await assertLength(file, offset, taken, chunk);
  return offset + taken;
}

/** Starts writing received data to the disk while more arrives, so that the final sync is short. */
class EarlySync {
  readonly #file: FileHandle;
  #unsynced = 0;
  #syncing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  wrote(bytes: number): void {
    this.#unsynced += bytes;
    if (this.#unsynced < SYNC_SIZE || this.#syncing) return;
    this.#unsynced = 0;
    this.#syncing = this.#sync();
  }

  async #sync(): Promise<void> {
    try {
      await this.#file.datasync();
    } catch (error) {
      this.#failure = { error };
    } finally {
      this.#syncing = undefined;
    }
  }

  /** @throws the disk's error, which the system reports only once. */
  async settled(): Promise<void> {
    await this.#syncing;
    if (this.#failure) throw this.#failure.error;
  }
}

async function assertLength(file: FileHandle, offset: number, taken: number, chunk: Chunk): Promise<void> {
  const { length } = chunk;
  if (length !== undefined && taken !== length) {
    await file.truncate(offset);
    throw registryError('SIZE_INVALID', `chunk does not have its announced length of ${length} bytes`);
  }
}

async function writeAll(file: FileHandle, pieces: readonly Uint8Array[], rollback: number): Promise<void> {
  try {
    const { bytesWritten } = await file.writev(pieces);
    const size = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (bytesWritten < size) await file.writeFile(Buffer.concat(pieces).subarray(bytesWritten));
  } catch (error) {
    await file.truncate(rollback);
    throw isStorageFull(error) ? storageFull() : error;
  }
}

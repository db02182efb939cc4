import type { FileHandle } from 'node:fs/promises';
import { registryError } from '../../registry-error.ts';
import type { Chunk } from '../storage.ts';
import { isStorageFull, storageFull } from '../storage-full.ts';

/**
 * Appends a chunk to a file open for appending that holds `offset` bytes, showing every piece to `observe`.
 * When the sender breaks off, what came stays and the sender's error is thrown; on any other failure the file
 * is cut back to `offset`, so that a full disk gets its space back.
 * @returns the number of bytes in the file.
 * @throws RegistryError SIZE_INVALID when the chunk is not as long as it claimed, INSUFFICIENT_STORAGE.
 */
export async function appendChunk(
  file: FileHandle,
  offset: number,
  chunk: Chunk,
  observe: (piece: Uint8Array) => void = () => {},
): Promise<number> {
  const limit = chunk.length ?? Number.POSITIVE_INFINITY;
  let taken = 0;
  // The stream must outlive a failure here: it is the request, and its connection carries the answer.
  for await (const piece of chunk.bytes.iterator({ destroyOnReturn: false })) {
    taken += piece.byteLength;
    if (taken > limit) break;
    await write(file, piece, offset);
    observe(piece);
  }
  if (chunk.length !== undefined && taken !== chunk.length) {
    await file.truncate(offset);
    throw registryError('SIZE_INVALID', `chunk is not the ${chunk.length} bytes that it claims to be`);
  }
  return offset + taken;
}

async function write(file: FileHandle, piece: Uint8Array, rollback: number): Promise<void> {
  try {
    await file.writeFile(piece);
  } catch (error) {
    await file.truncate(rollback);
    throw isStorageFull(error) ? storageFull() : error;
  }
}

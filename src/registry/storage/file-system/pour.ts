import { type FileHandle, open } from 'node:fs/promises';
import type { ByteRange } from '../storage.ts';

/** Bytes of a piece: large ones cost less, small ones leave memory for many readers at once. */
const LARGE = 256 * 1024;
const SMALL = 64 * 1024;
/** Readers that get large pieces. */
const FEW = 64;
/** Large pieces that are kept for the next reader. */
const MAX_SPARE = 32;

const spare: Buffer[] = [];
let readers = 0;

/**
 * Gives `write` the bytes of a file, piece by piece; the next is read meanwhile. A piece is used again once `write`
 * has resolved: memory that is touched again and again stays in the processor's cache, and costs no page faults.
 */
export async function pourFile(
  path: string,
  range: ByteRange | undefined,
  write: (piece: Buffer) => Promise<void>,
): Promise<void> {
  const file = await open(path, 'r');
  readers++;
  const pieces = [takePiece(), takePiece()];
  try {
    await pour(file, range, pieces, write);
  } finally {
    readers--;
    for (const piece of pieces) if (piece.length === LARGE && spare.length < MAX_SPARE) spare.push(piece);
    await file.close();
  }
}

async function pour(
  file: FileHandle,
  range: ByteRange | undefined,
  pieces: readonly Buffer[],
  write: (piece: Buffer) => Promise<void>,
): Promise<void> {
  const stop = range ? range.end + 1 : Number.POSITIVE_INFINITY;
  let at = range?.start ?? 0;
  let writing: Promise<void> = Promise.resolve();
  try {
    for (let turn = 0; at < stop; turn++) {
      const piece = pieces[turn % pieces.length] as Buffer;
      const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, stop - at), at);
      await writing;
      if (bytesRead === 0) return;
      at += bytesRead;
      writing = write(piece.subarray(0, bytesRead));
      /* Whoever awaits it below sees the failure; nobody may be there yet. */
      writing.catch(() => {});
    }
  } finally {
    await writing;
  }
}

const takePiece = (): Buffer =>
  readers > FEW ? Buffer.allocUnsafeSlow(SMALL) : (spare.pop() ?? Buffer.allocUnsafeSlow(LARGE));

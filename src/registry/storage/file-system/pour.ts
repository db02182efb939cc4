import { type FileHandle, open } from 'node:fs/promises';
import type { ByteRange } from '../storage.ts';

/** Bytes of a piece: large pieces cost less, small ones save memory with many concurrent readers. */
const LARGE = 256 * 1024;
const SMALL = 64 * 1024;
/** Maximum readers with large pieces. */
const FEW = 64;
/** Maximum large pieces that are kept for the next reader. */
const MAX_SPARE = 32;

const spare: Buffer[] = [];
let readers = 0;

/**
 * Passes the bytes of a file to `write`, piece by piece; the next is read meanwhile. A piece is reused once `write`
 * has resolved: reused memory stays in the processor's cache and causes no page faults.
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
      /* The await below reports the failure, which may occur before it. */
      writing.catch(() => {});
    }
  } finally {
    await writing;
  }
}

const takePiece = (): Buffer =>
  readers > FEW ? Buffer.allocUnsafeSlow(SMALL) : (spare.pop() ?? Buffer.allocUnsafeSlow(LARGE));

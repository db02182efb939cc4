import type { Readable } from 'node:stream';

/** The whole content of a stream, or undefined when it is longer than `limit` bytes; the rest is then left unread. */
export async function readBounded(stream: Readable, limit: number): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of stream.iterator({ destroyOnReturn: false })) {
    size += piece.byteLength;
    if (size > limit) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces, size);
}

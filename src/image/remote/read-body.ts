import { dataLoss } from '../../core/errors.ts';
import { networkFailure, requestName } from './failure.ts';
import type { HttpResponse } from './http-transport.ts';

/**
 * All of an answer's body.
 * @param limit bytes. @throws BargeError data-loss when there are more; unavailable, cancelled.
 */
export async function readBody({ request, body }: HttpResponse, limit: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of body as AsyncIterable<Uint8Array>) {
      size += piece.byteLength;
      if (size > limit) {
        throw dataLoss(
          `${requestName(request.method, request.url)}: the answer is larger than ${limit} bytes`,
        );
      }
      pieces.push(piece);
    }
  } catch (error) {
    throw networkFailure(request.method, request.url, error);
  }
  return Buffer.concat(pieces, size);
}

/** Bytes that are read of an answer that nobody wants, so that its connection serves again. */
const MAX_DISCARDED = 64 * 1024;

/** Lets go of an answer's body: read to its end when that is near, else its connection ends. */
export function discardBody({ body }: HttpResponse): void {
  let left = MAX_DISCARDED;
  body.on('error', () => {});
  body.on('data', (piece: Uint8Array) => {
    left -= piece.byteLength;
    if (left < 0) body.destroy();
  });
}

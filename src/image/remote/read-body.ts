import { dataLoss } from '../../core/errors.ts';
import { networkFailure, requestName } from './failure.ts';
import type { HttpResponse } from './http-transport.ts';

/**
 * The whole body of a response.
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
          `${requestName(request.method, request.url)}: the response is larger than ${limit} bytes`,
        );
      }
      pieces.push(piece);
    }
  } catch (error) {
    throw networkFailure(request.method, request.url, error);
  }
  return Buffer.concat(pieces, size);
}

/** Maximum bytes to read of an unneeded response, so that its connection can be reused. */
const MAX_DISCARDED = 64 * 1024;

/** Discards a response's body: a short rest is read, otherwise the connection is closed. */
export function discardBody({ body }: HttpResponse): void {
  let left = MAX_DISCARDED;
  body.on('error', () => {});
  body.on('data', (piece: Uint8Array) => {
    left -= piece.byteLength;
    if (left < 0) body.destroy();
  });
}

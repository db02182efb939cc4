import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import { cancelled } from '../core/errors.ts';
import { failsElsewhere } from '../core/streams.ts';

const BUFFER_SIZE = 1 << 20;

/**
 * The body of a request as a stream that may be abandoned before its end: the connection stays open, so that the client
 * gets a response. A client that disconnects breaks the stream.
 */
export function bodyOf(request: IncomingMessage): Readable {
  const body = failsElsewhere(new PassThrough({ highWaterMark: BUFFER_SIZE }));
  body.once('close', () => {
    request.unpipe(body);
    request.resume();
  });
  request.once('error', (error) => body.destroy(error));
  request.once('close', () => {
    if (!request.complete) body.destroy(cancelled('the client disconnected before the end of its request'));
  });
  return request.pipe(body);
}

/** Milliseconds to wait for the rest of a body that is no longer needed. */
const REST_MS = 500;

/**
 * Abandons a body, and drains its rest for a short while: a client that is still sending when the connection is closed
 * might not be able to read the response.
 */
export async function leave(request: IncomingMessage, body: Readable): Promise<void> {
  body.destroy();
  if (request.complete || request.destroyed) return;
  const limit = AbortSignal.timeout(REST_MS);
  await once(request, 'end', { signal: limit }).catch(() => {});
}

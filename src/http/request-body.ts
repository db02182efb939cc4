import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import { cancelled } from '../core/errors.ts';
import { failsElsewhere } from '../core/streams.ts';

const BUFFER_SIZE = 1 << 20;

/**
 * The body of a request as a stream that may be left before its end: the connection lives on, so that the client
 * gets an answer. A client that goes breaks it.
 */
export function bodyOf(request: IncomingMessage): Readable {
  const body = failsElsewhere(new PassThrough({ highWaterMark: BUFFER_SIZE }));
  body.once('close', () => {
    request.unpipe(body);
    request.resume();
  });
  request.once('error', (error) => body.destroy(error));
  request.once('close', () => {
    if (!request.complete) body.destroy(cancelled('the client has gone before the end of its request'));
  });
  return request.pipe(body);
}

/** Milliseconds that the rest of a body has to come when nobody wants it any more. */
const REST_MS = 500;

/**
 * Leaves a body, and waits a little for its rest to pass by: a client that is still sending when the connection is closed
 * may not get to read the answer.
 */
export async function leave(request: IncomingMessage, body: Readable): Promise<void> {
  body.destroy();
  if (request.complete || request.destroyed) return;
  const limit = AbortSignal.timeout(REST_MS);
  await once(request, 'end', { signal: limit }).catch(() => {});
}

import type { IncomingMessage, ServerResponse } from 'node:http';

/** Milliseconds to wait for the rest of an unread body. */
const DRAIN_TIMEOUT = 30_000;

/**
 * Sends the last bytes of a response whose head was written. While the request's body is still arriving, the response stays open
 * after them, and the body is drained for a while: many clients read the response only after they have sent everything, and when a
 * connection is closed with unread bytes, the kernel discards what the client has not received yet.
 */
export function endResponse(request: IncomingMessage, response: ServerResponse, bytes?: Uint8Array): void {
  if (request.complete || request.destroyed) {
    response.end(bytes);
    return;
  }
  if (bytes) response.write(bytes);
  else response.flushHeaders();
  const cut = setTimeout(() => request.socket.destroy(), DRAIN_TIMEOUT);
  request.once('close', () => {
    clearTimeout(cut);
    response.end();
  });
  request.unpipe();
  request.resume();
}

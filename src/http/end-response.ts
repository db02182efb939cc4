import type { IncomingMessage, ServerResponse } from 'node:http';

/** Milliseconds that the rest of a body may take which nobody wants. */
const DRAIN_TIMEOUT = 30_000;

/**
 * Sends the last bytes of an answer whose head was written. While the request's body still comes, the answer stays open
 * behind them, and the body flows for a while: many clients read the answer after they have sent it all, and of a
 * connection that is closed with bytes unread the kernel forgets what the client has not taken yet.
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

import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Exchange } from './exchange.ts';

/**
 * Responds with a stream. A failure of the stream cuts the connection, so that no client mistakes a part for the whole; a
 * client that disconnects, or already has, destroys the stream.
 */
export async function sendStream(
  { response, signal }: Pick<Exchange, 'response' | 'signal'>,
  headers: Readonly<Record<string, string>>,
  stream: Readable,
): Promise<void> {
  try {
    await pipeline(stream, response.stream(200, headers), { signal });
  } catch (error) {
    stream.destroy(); /* a response that was destroyed before leaves it as it is */
    throw error;
  }
}

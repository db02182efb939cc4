import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Exchange } from './exchange.ts';

/**
 * Answers with a stream. A failure of it breaks the connection off, so that no client takes half of it for the whole; a
 * client that goes, or has gone before, destroys it.
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

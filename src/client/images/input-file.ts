import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { errnoOf, invalidParameter, messageOf } from '../../core/errors.ts';

/** A file to upload. @throws BargeError invalid-parameter as `open x: no such file or directory`. */
export async function openInput(path: string): Promise<AsyncIterable<Uint8Array>> {
  try {
    await (await open(path, 'r')).close();
  } catch (cause) {
    const reason = errnoOf(cause) === 'ENOENT' ? 'no such file or directory' : messageOf(cause);
    throw invalidParameter(`open ${path}: ${reason}`, { cause });
  }
  return createReadStream(path, { highWaterMark: 256 * 1024 });
}

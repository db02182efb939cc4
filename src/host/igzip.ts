import { pipeline } from 'node:stream/promises';
import { systemError } from '../core/errors.ts';
import { pipeThrough } from './process.ts';
import { searchPath } from './search-path.ts';

/** Some 2 % more bytes than zlib's level 1 gives, in a third of the time; the lower levels cost 3 % more for little. */
const LEVEL = '-3';

/** Where Intel's igzip is (Debian's package `isal`); undefined where it is not installed. */
export const igzipProgram: string | undefined = searchPath('igzip');

/**
 * One gzip stream (RFC 1952), the same for the same input, made by a process of its own that holds a few MB.
 * @throws BargeError system when the program fails; whatever the input fails with.
 */
export async function* igzip(program: string, input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const stop = new AbortController();
  const tool = pipeThrough(program, [LEVEL, '--no-name', '--stdout'], stop.signal);
  const feeding = pipeline(input, tool.stdin);
  feeding.catch(() => {}); /* told below */
  try {
    for await (const chunk of tool.stdout) yield chunk;
    const { code, stderr } = await tool.done;
    if (code !== 0) throw systemError(`compressing: ${program} exited with ${code}: ${stderr}`);
    await feeding;
  } finally {
    stop.abort();
  }
}

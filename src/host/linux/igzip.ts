import { pipeline } from 'node:stream/promises';
import { systemError } from '../../core/errors.ts';
import type { Compression, Processes } from '../process.ts';
import { searchPath } from './search-path.ts';

/** Some 2 % more bytes than zlib's level 1 gives, in a third of the time; the lower levels cost 3 % more for little. */
const LEVEL = '-3';

/** Intel's igzip (Debian's package `isal`), where it is installed. */
export function linuxCompression(processes: Pick<Processes, 'pipe'>): Compression {
  const program = searchPath('igzip');
  return { gzip: program === undefined ? undefined : (input) => igzip(processes, program, input) };
}

/**
 * One gzip stream (RFC 1952), the same for the same input, made by a process of its own that holds a few MB.
 * @throws BargeError system when the program fails; whatever the input fails with.
 */
async function* igzip(
  processes: Pick<Processes, 'pipe'>,
  program: string,
  input: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const stop = new AbortController();
  const tool = processes.pipe(program, [LEVEL, '--no-name', '--stdout'], { signal: stop.signal });
  const feeding = pipeline(input, tool.stdin);
  feeding.catch(() => {}); /* told below */
  try {
    for await (const chunk of tool.stdout) yield chunk;
    const { exitCode, stderr } = await tool.done;
    if (exitCode !== 0) {
      throw systemError(`compressing: ${program} exited with ${exitCode}: ${stderr.trim()}`);
    }
    await feeding;
  } finally {
    stop.abort();
  }
}

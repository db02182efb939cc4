import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errnoOf, invalidParameter } from '../core/errors.ts';
import { startChild } from '../core/start-child.ts';
import { failsElsewhere } from '../core/streams.ts';

/** Memory limits of the programs: xz's own levels need at most 65 MiB, but an archive may request 4 GiB. */
const FLAGS = { xz: ['--memlimit-decompress=256MiB'], bzip2: [] } as const;

/**
 * The decompressed bytes of a stream, from the program of that name.
 * @returns a stream that ends when the program has succeeded, and fails otherwise: invalid-parameter, or unavailable when a
 *   limit prevents another process.
 */
export function throughCommand(input: Readable, command: keyof typeof FLAGS): Readable {
  const output = failsElsewhere(new PassThrough());
  const { child, started } = startChild(command, [...FLAGS[command], '-dc'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  if (!child?.stdin || !child.stdout) {
    started.catch((error: Error) => output.destroy(withAdvice(error, command)));
    output.once('close', () => input.destroy());
    return output;
  }
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, 500);
  });
  output.once('close', () => child.kill('SIGKILL'));
  child.stdout.pipe(output, { end: false });
  child.on('close', (code) => {
    const why = said.trim().replaceAll('\n', ' ') || `exit code ${code}`;
    if (code === 0) output.end();
    else output.destroy(invalidParameter(`${command} could not decompress the archive: ${why}`));
  });
  pipeline(input, child.stdin).catch((error: Error) => {
    if (input.errored) output.destroy(error);
  });
  return output;
}

function withAdvice(cause: Error, command: string): Error {
  if (errnoOf(cause.cause) !== 'ENOENT') return cause;
  return invalidParameter(
    `this archive needs the ${command} program, which cannot be started: install it, or compress the archive with gzip or zstd`,
    { cause },
  );
}

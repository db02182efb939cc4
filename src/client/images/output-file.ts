import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Cli } from '../cli.ts';
import { CommandFailure } from '../failure.ts';

/**
 * Writes a stream to `path`, complete or not at all, or to standard output when `path` is ''.
 * @throws CommandFailure when the bytes would land on a terminal.
 */
export async function writeOutput(
  cli: Cli,
  path: string,
  body: AsyncIterable<Uint8Array>,
  mode = 0o666,
): Promise<void> {
  if (path === '' || path === '-') {
    for await (const chunk of body) cli.out(chunk);
    return;
  }
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await pipeline(body, createWriteStream(temporary, { mode }));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

export function refuseTerminal(path: string): void {
  if (path === '' && process.stdout.isTTY) {
    throw new CommandFailure('cowardly refusing to save to a terminal. Use the -o flag or redirect');
  }
}

import { randomBytes } from 'node:crypto';
import {
  constants,
  createWriteStream,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { invalidParameter } from '../../core/errors.ts';
import type { Cli } from '../cli.ts';
import { CommandFailure } from '../failure.ts';

export interface OutputOptions {
  /** Docker's mode for the command: the output of `save` and `export` may contain secrets. */
  readonly mode: number;
  /** Writes to files below /dev and to named pipes instead of rejecting them. */
  readonly allowsDevices?: boolean;
}

/**
 * Writes to `path`, completely or not at all, or to standard output when `path` is ''. The file is written under an
 * unpredictable name and then renamed over `path`; a link there is not followed.
 * @throws BargeError invalid-parameter for a path that is not a regular file, in docker's words.
 */
export async function writeOutput(
  cli: Cli,
  path: string,
  body: AsyncIterable<Uint8Array>,
  options: OutputOptions,
): Promise<void> {
  if (path === '' || path === '-') {
    for await (const chunk of body) cli.out(chunk);
    return;
  }
  await writeFileAt(path, body, options);
}

/** Replaces a small file, as `writeOutput` does. */
export async function replaceFile(path: string, text: string, options: OutputOptions): Promise<void> {
  await writeFileAt(path, [Buffer.from(text)], options);
}

async function writeFileAt(
  path: string,
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { mode, allowsDevices }: OutputOptions,
): Promise<void> {
  if (allowsDevices && isDevice(path)) {
    await pipeline(body, createWriteStream('', { fd: openSync(path, constants.O_WRONLY) }));
    return;
  }
  checkOutput(path);
  await writeBeside(path, body, mode);
}

async function writeBeside(
  path: string,
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  mode: number,
): Promise<void> {
  const temporary = join(dirname(path), `.tmp-${randomBytes(9).toString('hex')}`);
  /* Opened before the body starts, so that a body that fails at once does not leave the file behind. */
  const file = openSync(temporary, 'wx', mode);
  try {
    await pipeline(body, createWriteStream('', { fd: file }));
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Links are followed below /dev only (`/dev/stdout`): elsewhere they may come from an image. */
function isDevice(path: string): boolean {
  const there = lstatSync(path, { throwIfNoEntry: false });
  return there?.isFIFO() === true || (there !== undefined && resolve(path).startsWith('/dev/'));
}

/** @throws BargeError invalid-parameter for a path where a regular file cannot be created. */
function checkOutput(path: string): void {
  const directory = dirname(path);
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    throw invalidParameter(`invalid output path: directory "${directory}" does not exist`);
  }
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (!there || there.isFile()) return;
  throw invalidParameter(`failed to write ${basename(path)}: cannot write to ${kindOf(there)}`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isSymbolicLink()) return 'a symbolic link directly';
  if (stats.isFIFO()) return 'a named pipe directly';
  if (stats.isSocket()) return 'a socket directly';
  return stats.isBlockDevice() ? 'a block device file directly' : 'a character device file directly';
}

export function refuseTerminal(path: string): void {
  if (path === '' && process.stdout.isTTY) {
    throw new CommandFailure('cowardly refusing to save to a terminal. Use the -o flag or redirect');
  }
}

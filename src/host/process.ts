import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { cancelled, systemError } from '../core/errors.ts';

export interface CommandResult {
  /** 128 + signal number when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string;
  readonly signal?: AbortSignal;
  readonly env?: NodeJS.ProcessEnv;
}

/** Longest output of a helper command that is kept; the rest is dropped. */
const MAX_CAPTURE = 4 << 20;

/** Runs a short command to its end and gives what it printed. Never throws for a non-zero exit code. */
export async function capture(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(command, args, {
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.env ? { env: options.env } : {}),
  });
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.input);
  const [stdout, stderr, code] = await Promise.all([
    collect(child.stdout as Readable),
    collect(child.stderr as Readable),
    exitOf(child, command),
  ]);
  return { code, stdout, stderr };
}

/** Like `capture`, but a non-zero exit code throws with what the command said. */
export async function run(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await capture(command, args, options);
  if (result.code !== 0) {
    const said = (result.stderr || result.stdout).trim();
    throw systemError(`${command} ${args.join(' ')} exited with ${result.code}: ${said}`);
  }
  return result.stdout;
}

export interface Piped {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly pid: number;
  /** Exit code and the first kilobytes of standard error, once the process has ended. */
  readonly done: Promise<{ readonly code: number; readonly stderr: string }>;
}

/** Starts a command whose standard input and output are streams of the caller's. */
export function pipeThrough(command: string, args: readonly string[], signal?: AbortSignal): Piped {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...(signal ? { signal } : {}) });
  const done = Promise.all([collect(child.stderr), exitOf(child, command)]).then(([stderr, code]) => ({
    code,
    stderr: stderr.trim(),
  }));
  done.catch(() => {});
  return { stdin: child.stdin, stdout: child.stdout, pid: child.pid ?? 0, done };
}

async function collect(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    if (size < MAX_CAPTURE) chunks.push(chunk);
    size += chunk.length;
  }
  return Buffer.concat(chunks).toString();
}

async function exitOf(child: ChildProcess, command: string): Promise<number> {
  try {
    const [code, signal] = await once(child, 'exit');
    return typeof code === 'number' ? code : 128 + (SIGNAL_NUMBERS[signal] ?? 0);
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') throw cancelled(`${command} was cancelled`);
    throw systemError(
      `starting ${command} failed: is it installed? (npm run setup installs what Barge needs)`,
      {
        cause: error,
      },
    );
  }
}

const SIGNAL_NUMBERS: Record<string, number> = { SIGKILL: 9, SIGTERM: 15, SIGINT: 2, SIGHUP: 1, SIGPIPE: 13 };

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemError } from '../../src/core/errors.ts';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A command that takes longer has hung. */
const TIMEOUT_MS = 600_000;

/** Runs a command and waits for it. @returns its output. @throws BargeError system when it fails. */
export function runToEnd(command: Command): string {
  const { file, args } = command;
  const result = spawnSync(file, args, {
    env: { ...process.env, ...command.env },
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
  });
  if (result.status !== 0) throw failed(command, result, result.stderr ?? '');
  return result.stdout;
}

/** Paths of a command's input and output files; by default, no input and a temporary file for output. */
export interface Ends {
  readonly input?: string;
  readonly output?: string;
}

/**
 * Milliseconds from the spawn of a command to its end. Its output is written to a file, so that processes that it
 * leaves running may keep the output open without delaying the caller.
 * @throws BargeError system when it fails, because the time of a failure is meaningless.
 */
export function timeCommand(command: Command, { input = '/dev/null', output }: Ends = {}): number {
  const said = join(process.env.TMPDIR ?? '/tmp', 'bench-output');
  const errors = openSync(said, 'w');
  const fds = [openSync(input, 'r'), output === undefined ? errors : openSync(output, 'w'), errors];
  try {
    const env = { ...process.env, ...command.env };
    const start = performance.now();
    const result = spawnSync(command.file, command.args, { env, stdio: fds, timeout: TIMEOUT_MS });
    const time = performance.now() - start;
    if (result.status !== 0) throw failed(command, result, readFileSync(said, 'utf8'));
    return time;
  } finally {
    for (const fd of new Set(fds)) closeSync(fd);
  }
}

/** The same while another task runs. @param meanwhile called with its pid. */
export async function timeBeside(command: Command, meanwhile?: (pid: number) => void): Promise<number> {
  const env = { ...process.env, ...command.env };
  const start = performance.now();
  const child = spawn(command.file, command.args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  meanwhile?.(child.pid ?? 0);
  const [status, signal] = await once(child, 'exit');
  if (status !== 0) throw failed(command, { status, signal }, said);
  return performance.now() - start;
}

interface Outcome {
  readonly status: number | null;
  readonly signal: string | null;
  readonly error?: Error;
}

function failed({ file, args }: Command, { status, signal, error }: Outcome, said: string) {
  const how = error?.message ?? signal ?? `exit code ${status}`;
  return systemError(`${file} ${args.join(' ')} failed (${how}): ${said.trim()}`, { cause: error });
}

import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemError } from '../../src/core/errors.ts';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** No command of the bench takes longer; one that does has hung. */
const TIMEOUT_MS = 60_000;

/** Runs a command to its end. @returns what it printed. @throws BargeError system when it fails. */
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

/**
 * Milliseconds from the spawn of a command to its end. Its output goes to a file: what it leaves running may keep
 * that open without holding us up.
 * @throws BargeError system when it fails: a failure's time means nothing.
 */
export function timeCommand(command: Command): number {
  const output = join(process.env.TMPDIR ?? '/tmp', 'bench-output');
  const fd = openSync(output, 'w');
  try {
    const env = { ...process.env, ...command.env };
    const start = performance.now();
    const result = spawnSync(command.file, command.args, {
      env,
      stdio: ['ignore', fd, fd],
      timeout: TIMEOUT_MS,
    });
    const time = performance.now() - start;
    if (result.status !== 0) throw failed(command, result, readFileSync(output, 'utf8'));
    return time;
  } finally {
    closeSync(fd);
  }
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

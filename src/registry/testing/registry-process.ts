import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

const PROGRAM = resolve(import.meta.dirname, '../../bin/barge-registry.ts');

/** The whole program in a separate process. */
export interface RegistryProcess extends AsyncDisposable {
  /** From the line that it prints when it is ready. */
  readonly url: string;
  readonly pid: number;
  /** @returns the exit code, or the name of the signal that ended it. */
  stop(signal: NodeJS.Signals): Promise<number | string>;
  signal(signal: NodeJS.Signals): void;
}

export async function spawnRegistry(
  args: readonly string[],
  wrapper: readonly string[] = [],
): Promise<RegistryProcess> {
  const command = [...wrapper, process.execPath, PROGRAM, '--listen', '127.0.0.1:0', '--log-level', 'error'];
  const child = spawn(command[0] ?? '', [...command.slice(1), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const url = await readyUrl(child);
  const stop = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    const [code, killedBy] = await exited;
    return code ?? killedBy;
  };
  const signal = (name: NodeJS.Signals) => void child.kill(name);
  return {
    url,
    pid: child.pid ?? 0,
    stop,
    signal,
    [Symbol.asyncDispose]: async () => void (await stop('SIGKILL')),
  };
}

async function readyUrl(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  for await (const line of lines) return line.replace('barge-registry listening on ', '');
  return '';
}

/** Runs the program to its end. */
export async function runRegistry(args: readonly string[], input = '') {
  const child = spawn(process.execPath, [PROGRAM, ...args]);
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { stdout, stderr, code: code as number };
}

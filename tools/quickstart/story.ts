/** The output of the quick start: numbered steps, the commands, their output and their times. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

let steps = 0;

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Seconds since `start`, a time of `performance.now()`. */
export const since = (start: number) => `${((performance.now() - start) / 1000).toFixed(1)} s`;

/** Runs one step under a numbered title and prints its time; a failure is rethrown with the step's name. */
export async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  steps += 1;
  say(`\n${steps}. ${title}`);
  try {
    const result = await work();
    say(`   done in ${since(start)}`);
    return result;
  } catch (error) {
    say(`   FAILED after ${since(start)}`);
    throw new Error(`step ${steps} (${title}) failed`, { cause: error });
  }
}

/** Prints a fact that the quick start demonstrates. @throws Error when it does not hold. */
export function check(claim: string, holds: boolean): void {
  if (!holds) throw new Error(`this should hold but does not: ${claim}`);
  say(`   ok: ${claim}`);
}

export interface Shown {
  readonly env?: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** Runs a command visibly. @returns its standard output. @throws Error for a non-zero exit code. */
export async function run(words: readonly [string, ...string[]], options: Shown): Promise<string> {
  const [program, ...args] = words;
  const line = [program.replace(/^.*\//, ''), ...args].join(' ');
  say(`   $ ${line}`);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const ended = once(child, 'close');
  const [lines] = await Promise.all([shown(child.stdout), shown(child.stderr), ended]);
  if (child.exitCode !== 0) throw new Error(`"${line}" ended with ${child.exitCode ?? child.signalCode}`);
  return lines.join('\n');
}

async function shown(stream: Readable): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: stream })) {
    lines.push(line);
    say(`     ${line}`);
  }
  return lines;
}

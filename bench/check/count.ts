import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemError } from '../../src/core/errors.ts';
import { type Command, runToEnd } from '../measure/process.ts';
import type { Stage } from '../stage/stage.ts';
import type { HotPath } from './paths.ts';
import { type Counts, countCalls, TRACED } from './trace.ts';

/**
 * Background work (creating a network ahead, removing a directory) counts as finished after this long without a call.
 */
const STILL_MS = 400;

/** The number of runs of each path; the smallest count is what it needs, the others include chance. */
const ROUNDS = 3;

/** Counts a path's calls. Each path runs once before, so that what daemons load only once does not count. */
export async function countPath(stage: Stage, strace: string, pid: number, path: HotPath): Promise<Counts> {
  await path.work?.();
  if (path.work) await sleep(2 * STILL_MS);
  const rounds: Counts[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push(
      path.command ? countCommand(stage, strace, path.command) : await countWork(stage, strace, pid, path),
    );
  }
  const kinds = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(
    kinds.map((kind) => [kind, Math.min(...rounds.map((counts) => counts[kind] ?? 0))]),
  );
}

const FLAGS = [
  '-f',
  '-qq',
  '-s',
  '120',
  '-e',
  `trace=${TRACED.map((name) => `?${name}`).join(',')}`,
  '-e',
  'signal=none',
];

function countCommand(stage: Stage, strace: string, { file, args }: Command): Counts {
  const output = join(stage.directory, 'trace');
  const own = ['-o', output, '--', file, ...args];
  runToEnd({ file: strace, args: [...FLAGS, ...own] });
  return takeCounts(output);
}

async function countWork(stage: Stage, strace: string, pid: number, { work }: HotPath): Promise<Counts> {
  const output = join(stage.directory, 'trace');
  /* Not -qq, because the start waits for strace's "attached". */
  const flags = FLAGS.filter((flag) => flag !== '-qq');
  const tracer = spawn(strace, [...flags, '-o', output, '-p', `${pid}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(tracer, 'exit');
  const attached = await Promise.race([once(tracer.stderr, 'data'), ended.then(() => undefined)]);
  if (!attached)
    throw systemError(`strace could not attach to process ${pid}: does this machine allow tracing?`);
  await work?.();
  await untilStill(output);
  tracer.kill('SIGINT');
  await ended;
  return takeCounts(output);
}

/** strace writes each line immediately. */
async function untilStill(path: string): Promise<void> {
  for (let size = -1; size !== statSync(path).size; ) {
    size = statSync(path).size;
    await sleep(STILL_MS);
  }
}

function takeCounts(path: string): Counts {
  try {
    return countCalls(readFileSync(path, 'utf8'));
  } finally {
    rmSync(path, { force: true });
  }
}

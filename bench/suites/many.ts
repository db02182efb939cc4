import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { systemError } from '../../src/core/errors.ts';
import { timeCommand } from '../measure/process.ts';
import type { Subject } from '../peers/peer.ts';
import type { Row, Section, Suite, Workshop } from './suite.ts';

export const manySuite: Suite = { name: 'many', measure };

const COUNT = 200;
const AT_ONCE = 8;
const LISTINGS = 15;

/** Milliseconds, a sample each. */
interface Figures {
  readonly emptyList: readonly number[];
  readonly start: number;
  readonly fullList: readonly number[];
  readonly stop: number;
  readonly remove: number;
}

async function measure(workshop: Workshop): Promise<Section> {
  const figures = new Map<string, Figures>();
  for (const subject of workshop.peers.map((peer) => peer.subjects[0] as Subject)) {
    workshop.say(`${COUNT} containers of ${subject.name}, ${AT_ONCE} at a time`);
    workshop.noise.calibrate();
    figures.set(subject.name, await crowd(subject));
  }
  const row = (label: string, unit: string, value: (f: Figures) => readonly number[]): Row => ({
    label,
    unit,
    samples: Object.fromEntries([...figures].map(([name, f]) => [name, value(f)])),
  });
  const median = (values: readonly number[]) =>
    values.toSorted((a, b) => a - b)[values.length >> 1] as number;
  return {
    suite: 'many',
    title: `${COUNT} containers, ${AT_ONCE} at a time, by a fresh client each`,
    rows: [
      row('run -d, all', 's', (f) => [f.start / 1000]),
      row('stop -t 0, all', 's', (f) => [f.stop / 1000]),
      row('rm, all', 's', (f) => [f.remove / 1000]),
      row('ps, none runs', 'ms', (f) => f.emptyList),
      row('ps, all run', 'ms', (f) => f.fullList),
      row('ps, all run ÷ none runs', '×', (f) => [median(f.fullList) / median(f.emptyList)]),
    ],
    notes: [],
  };
}

async function crowd(subject: Subject): Promise<Figures> {
  const names = Array.from({ length: COUNT }, (_, i) => `bench-many-${i}`);
  const list = () => Array.from({ length: LISTINGS }, () => timeCommand(subject.command(['ps'])));
  list();
  const emptyList = list();
  const start = await inCrowd(subject, names, (name) => [
    'run',
    '-d',
    '--name',
    name,
    'busybox',
    'sleep',
    '3600',
  ]);
  const fullList = list();
  const stop = await inCrowd(subject, names, (name) => ['stop', '-t', '0', name]);
  const remove = await inCrowd(subject, names, (name) => ['rm', name]);
  return { emptyList, start, fullList, stop, remove };
}

/** @returns the milliseconds that all of them took. */
async function inCrowd(
  subject: Subject,
  names: readonly string[],
  args: (name: string) => readonly string[],
): Promise<number> {
  const waiting = [...names];
  const began = performance.now();
  const worker = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
      await runOne(subject, args(name));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return performance.now() - began;
}

async function runOne(subject: Subject, args: readonly string[]): Promise<void> {
  const command = subject.command(args);
  const child = spawn(command.file, command.args, {
    stdio: 'ignore',
    env: { ...process.env, ...command.env },
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw systemError(`${subject.name}: ${args.join(' ')} failed with exit code ${code}`);
}

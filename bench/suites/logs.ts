import { createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { runToEnd, timeCommand } from '../measure/process.ts';
import type { Subject } from '../peers/peer.ts';
import type { Stage } from '../stage/stage.ts';
import { ownClient } from './idle.ts';
import { playRounds } from './rounds.ts';
import type { Row, Section, Suite, Workshop } from './suite.ts';

/** Bulk data through a container: into its log and out of it, and to and from an attached client. */
export const logsSuite: Suite = { name: 'logs', effort: { warmup: 0, runs: 3 }, measure };

const LOGGED_MIB = 1024;
/** Docker's and podman's clients need a minute to read a gigabyte. */
const READ_MIB = 256;
/** For the log, because a round takes a minute. */
const ROUNDS = 1;
const NAME = 'bench-logs';
const NOWHERE = { output: '/dev/null' };

async function measure(workshop: Workshop): Promise<readonly Section[]> {
  const lines = await linesFile(workshop.stage, 'lines', LOGGED_MIB);
  const some = await linesFile(workshop.stage, 'some-lines', READ_MIB);
  try {
    const contestants = workshop.peers.map(ownClient);
    const logs = await playRounds(workshop, {
      title: 'logs',
      contestants,
      effort: { warmup: 0, runs: Math.min(ROUNDS, workshop.effort.runs) },
      turn: (subject) => logTurn(subject, lines, some),
    });
    const attached = await playRounds(workshop, {
      title: 'attach',
      contestants,
      turn: (subject) => attachTurn(subject, some),
    });
    const row = ([label, samples]: [string, Row['samples']]): Row => ({
      label,
      unit: label.includes('--tail') ? 'ms' : 's',
      samples,
    });
    return [
      {
        name: 'logs',
        title: `Logs and streams: ${LOGGED_MIB >> 10} GiB of lines logged, ${READ_MIB} MiB read and attached`,
        rows: Object.entries({ ...logs, ...attached }).map(row),
        notes: [
          'Lines of 100 bytes. Written: from `run -d … cat` to its end, with each one’s own driver, not bounded.',
          'Attached: `run --rm -i --log-driver none`, from a file and to `/dev/null`.',
        ],
      },
    ];
  } finally {
    for (const path of [lines, some]) rmSync(path, { force: true });
  }
}

async function linesFile(stage: Stage, name: string, mebibytes: number): Promise<string> {
  const path = join(stage.directory, name);
  const chunk = Buffer.from(`${'a line like others, '.repeat(5).slice(0, 99)}\n`.repeat(10_000));
  const file = createWriteStream(path);
  const count = Math.ceil((mebibytes * 2 ** 20) / chunk.length);
  for (let i = 0; i < count; i++) if (!file.write(chunk)) await new Promise((go) => file.once('drain', go));
  await finished(file.end());
  return path;
}

function logTurn(subject: Subject, lines: string, some: string): Record<string, number> {
  const time = (...args: readonly string[]) => timeCommand(subject.command(args), NOWHERE);
  const much = withLog(subject, lines, (written) => ({
    'written to the log': written / 1000,
    '`logs --tail 10` of it': time('logs', '--tail', '10', NAME),
  }));
  const less = withLog(subject, some, () => ({ 'read by `logs`': time('logs', NAME) / 1000 }));
  return { ...much, ...less };
}

/** Runs the work while a container has the text in its log, and passes the milliseconds that writing it took. */
function withLog<T>(subject: Subject, lines: string, work: (written: number) => T): T {
  const run = (...args: readonly string[]) => runToEnd(subject.command(args));
  /* Podman's driver has another name and no limit on the number of files. */
  const bound =
    subject.name === 'podman' ? opt('max-size=4g') : [...opt('max-size=4g'), ...opt('max-file=2')];
  try {
    const began = performance.now();
    run('run', '-d', '--name', NAME, ...bound, '-v', `${lines}:/lines:ro`, 'busybox', 'cat', '/lines');
    run('wait', NAME);
    return work(performance.now() - began);
  } finally {
    run('rm', '-f', NAME);
  }
}

const opt = (text: string): readonly string[] => ['--log-opt', text];

function attachTurn(subject: Subject, lines: string): Record<string, number> {
  const run = ['run', '--rm', '-i', '--log-driver', 'none'];
  const both = subject.command([...run, 'busybox', 'cat']);
  const out = subject.command([...run, '-v', `${lines}:/lines:ro`, 'busybox', 'cat', '/lines']);
  return {
    'attached: in and out': timeCommand(both, { ...NOWHERE, input: lines }) / 1000,
    'attached: out': timeCommand(out, NOWHERE) / 1000,
  };
}

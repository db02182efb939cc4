import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { timeCommand } from '../measure/process.ts';
import type { Subject } from '../peers/peer.ts';
import type { Row, Section, Suite, Workshop } from './suite.ts';

/** A build that is timed; its context is a folder of its own for each subject. */
interface BuildCase {
  readonly label: string;
  readonly args: readonly string[];
  /** Fills the folder, once. */
  readonly fill: (folder: string) => void;
  /** Changes it before each build. */
  readonly change?: (folder: string, round: number) => void;
}

const FILES = 20_000;
const PER_FOLDER = 200;
const STAGES = [1, 2, 3, 4, 5, 6];
/** Lets what one subject does after its command has ended not weigh on the next one. */
const PAUSE_MS = 100;

const write = (folder: string, name: string, text: string) => writeFileSync(join(folder, name), text);

function fillSteps(folder: string): void {
  const steps = Array.from({ length: 20 }, (_, index) => `RUN true ${index}\n`);
  write(folder, 'Dockerfile', `FROM busybox\n${steps.join('')}`);
}

function fillMany(folder: string): void {
  write(folder, 'Dockerfile', 'FROM busybox\nCOPY . /src\n');
  for (let file = 0; file < FILES; file++) {
    const below = join(folder, `d${Math.floor(file / PER_FOLDER)}`);
    if (file % PER_FOLDER === 0) mkdirSync(below);
    write(below, `f${file}`, `file ${file}\n`.repeat(20));
  }
}

/** The last stage needs all of them: else a builder that knows no graph would have less to do, not more. */
function fillStages(folder: string): void {
  const stages = STAGES.map((stage) => `FROM busybox AS s${stage}\nRUN sleep 2; echo ${stage} > /f\n`);
  const copies = STAGES.map((stage) => `COPY --from=s${stage} /f /f${stage}\n`);
  write(folder, 'Dockerfile', `${stages.join('')}FROM busybox\n${copies.join('')}`);
}

const CASES: readonly BuildCase[] = [
  { label: '20 × RUN true, no cache', args: ['--no-cache'], fill: fillSteps },
  { label: '20 × RUN true, unchanged', args: [], fill: fillSteps },
  {
    label: `one changed file of ${FILES}`,
    args: [],
    fill: fillMany,
    change: (folder, round) => write(folder, 'd7/f1500', `changed in round ${round}\n`),
  },
  { label: `${FILES} files, unchanged`, args: [], fill: fillMany },
  { label: '6 independent stages of 2 s sleep, no cache', args: ['--no-cache'], fill: fillStages },
];

export const buildSuite: Suite = {
  name: 'build',
  async measure(workshop: Workshop): Promise<Section> {
    const root = mkdtempSync(join(tmpdir(), 'build-'));
    try {
      const rows: Row[] = [];
      for (const timed of CASES) rows.push(await measureCase(timed, root, workshop));
      return {
        suite: 'build',
        title: 'Builds, from command to exit',
        rows,
        notes: ['docker builds by its classic builder (`DOCKER_BUILDKIT=0`); podman by buildah.'],
      };
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  },
};

async function measureCase(timed: BuildCase, root: string, workshop: Workshop): Promise<Row> {
  const subjects = workshop.peers.flatMap((peer) => peer.subjects);
  const { warmup, runs } = workshop.options;
  workshop.say(
    `${timed.label}: ${warmup} + ${runs} rounds of ${subjects.map(({ name }) => name).join(', ')}`,
  );
  const folders = new Map(subjects.map((subject) => [subject, filled(timed, root)]));
  const samples: Record<string, number[]> = Object.fromEntries(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round < warmup + runs; round++) {
    workshop.noise.calibrate();
    for (const [subject, folder] of folders) {
      timed.change?.(folder, round);
      await sleep(PAUSE_MS);
      const time = timeBuild(subject, timed, folder);
      if (round >= warmup) samples[subject.name]?.push(time);
    }
  }
  return { label: timed.label, unit: 'ms', samples };
}

function filled({ fill }: BuildCase, root: string): string {
  const folder = mkdtempSync(join(root, 'context-'));
  fill(folder);
  return folder;
}

function timeBuild(subject: Subject, { args }: BuildCase, folder: string): number {
  const command = subject.command(['build', '-q', ...args, folder]);
  return timeCommand({ ...command, env: { ...command.env, DOCKER_BUILDKIT: '0' } });
}

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { timeCommand } from '../measure/process.ts';
import type { Subject } from '../peers/peer.ts';
import { fewerRounds, roundRows } from './rounds.ts';
import type { Effort, Row, Section, Suite, Workshop } from './suite.ts';

/** A timed build; each subject has a separate context directory. */
interface BuildCase {
  readonly label: string;
  readonly args: readonly string[];
  /** Fills the directory once. */
  readonly fill: (directory: string) => void;
  /** Changes the directory before each build. */
  readonly change?: (directory: string, round: number) => void;
  /** Overrides the suite's effort. */
  readonly effort?: Effort;
}

const FILES = 20_000;
const PER_DIRECTORY = 200;
const STAGES = [1, 2, 3, 4, 5, 6];
const TWICE: Effort = { warmup: 0, runs: 2 };

const write = (directory: string, name: string, text: string) => writeFileSync(join(directory, name), text);

function fillSteps(directory: string): void {
  const steps = Array.from({ length: 20 }, (_, index) => `RUN true ${index}\n`);
  write(directory, 'Dockerfile', `FROM busybox\n${steps.join('')}`);
}

function fillMany(directory: string): void {
  write(directory, 'Dockerfile', 'FROM busybox\nCOPY . /src\n');
  for (let file = 0; file < FILES; file++) {
    const below = join(directory, `d${Math.floor(file / PER_DIRECTORY)}`);
    if (file % PER_DIRECTORY === 0) mkdirSync(below);
    write(below, `f${file}`, `file ${file}\n`.repeat(20));
  }
}

/** The last stage needs all of them; otherwise a builder without a graph would have less to do, not more. */
function fillStages(directory: string): void {
  const stages = STAGES.map((stage) => `FROM busybox AS s${stage}\nRUN sleep 2; echo ${stage} > /f\n`);
  const copies = STAGES.map((stage) => `COPY --from=s${stage} /f /f${stage}\n`);
  write(directory, 'Dockerfile', `${stages.join('')}FROM busybox\n${copies.join('')}`);
}

const CASES: readonly BuildCase[] = [
  { label: '20 × RUN true, no cache', args: ['--no-cache'], fill: fillSteps, effort: TWICE },
  { label: '20 × RUN true, unchanged', args: [], fill: fillSteps },
  {
    label: `one changed file of ${FILES}`,
    args: [],
    fill: fillMany,
    change: (directory, round) => write(directory, 'd7/f1500', `changed in round ${round}\n`),
  },
  { label: `${FILES} files, unchanged`, args: [], fill: fillMany },
  {
    label: '6 independent stages of 2 s sleep, no cache',
    args: ['--no-cache'],
    fill: fillStages,
    effort: { warmup: 0, runs: 1 },
  },
];

export const buildSuite: Suite = {
  name: 'build',
  effort: { warmup: 1, runs: 2 },
  async measure(workshop: Workshop): Promise<readonly Section[]> {
    const root = mkdtempSync(join(tmpdir(), 'build-'));
    try {
      const rows: Row[] = [];
      for (const timed of CASES) rows.push(...(await measureCase(timed, root, workshop)));
      return [
        {
          name: 'build',
          title: 'Builds, from command to exit',
          rows,
          notes: [
            'docker builds by its classic builder (`DOCKER_BUILDKIT=0`), docker (BuildKit) by the BuildKit in the ' +
              'same dockerd; podman by the library of buildah, buildah by itself (`--layers`).',
            'Files: ext4 without a journal makes them several times as slowly for 35 s after many were removed, which ' +
              'whoever builds next pays for: the spread tells.',
          ],
        },
      ];
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  },
};

async function measureCase(timed: BuildCase, root: string, workshop: Workshop): Promise<Row[]> {
  const contestants = workshop.peers.flatMap(({ subjects, builders = [] }) => [...subjects, ...builders]);
  const directories = new Map(contestants.map((subject) => [subject, filled(timed, root)]));
  return roundRows(workshop, {
    title: timed.label,
    contestants,
    ...(timed.effort && { effort: fewerRounds(timed.effort, workshop) }),
    turn: (subject, round) => {
      const directory = directories.get(subject) as string;
      timed.change?.(directory, round);
      return { [timed.label]: timeBuild(subject, timed, directory) };
    },
  });
}

function filled({ fill }: BuildCase, root: string): string {
  const directory = mkdtempSync(join(root, 'context-'));
  fill(directory);
  return directory;
}

function timeBuild(subject: Subject, { args }: BuildCase, directory: string): number {
  const command = subject.command(['build', '-q', ...args, directory]);
  return timeCommand({ ...command, env: { DOCKER_BUILDKIT: '0', ...command.env } });
}

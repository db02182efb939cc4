import { setTimeout as sleep } from 'node:timers/promises';
import { timeCommand } from '../measure/process.ts';
import type { Subject } from '../peers/peer.ts';
import type { Row, Section, Suite, Workshop } from './suite.ts';

/** A docker command line whose time, from spawn to end, is a row. */
export interface TimedCase {
  readonly label: string;
  readonly args: readonly string[];
}

export interface TimedSuite {
  readonly name: string;
  readonly title: string;
  readonly cases: readonly TimedCase[];
  readonly notes: readonly string[];
}

/** Lets what one subject does after its command has ended not weigh on the next one. */
const PAUSE_MS = 100;

export function timedSuite({ name, title, cases, notes }: TimedSuite): Suite {
  return {
    name,
    async measure(workshop: Workshop): Promise<Section> {
      const rows: Row[] = [];
      for (const timed of cases) rows.push(await measureCase(timed, workshop));
      return { suite: name, title, rows, notes };
    },
  };
}

/** In every round each subject has one turn, so that the machine's moods fall on all alike. */
async function measureCase({ label, args }: TimedCase, workshop: Workshop): Promise<Row> {
  const subjects = workshop.peers.flatMap((peer) => peer.subjects);
  const { warmup, runs } = workshop.options;
  workshop.say(`${label}: ${warmup} + ${runs} rounds of ${subjects.map(({ name }) => name).join(', ')}`);
  const rounds: Record<string, number>[] = [];
  for (let round = 0; round < warmup + runs; round++) {
    workshop.noise.calibrate();
    rounds.push(await playRound(subjects, args));
  }
  const counted = rounds.slice(warmup);
  const samples = subjects.map(({ name }) => [name, counted.map((times) => times[name] as number)]);
  return { label, unit: 'ms', samples: Object.fromEntries(samples) };
}

async function playRound(
  subjects: readonly Subject[],
  args: readonly string[],
): Promise<Record<string, number>> {
  const times: Record<string, number> = {};
  for (const subject of subjects) {
    await sleep(PAUSE_MS);
    times[subject.name] = timeCommand(subject.command(args));
  }
  return times;
}

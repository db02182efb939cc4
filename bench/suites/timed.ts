import { runToEnd, timeCommand } from '../measure/process.ts';
import type { Subject } from '../peers/peer.ts';
import { withIdle } from './idle.ts';
import { fewerRounds, roundRows } from './rounds.ts';
import type { Effort, Row, Section, Suite, Workshop } from './suite.ts';

/** A docker command line whose time from spawn to end forms a row. */
export interface TimedCase {
  readonly label: string;
  readonly args: readonly string[];
  /** Untimed commands before and after it. */
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  /** Overrides the suite's effort. */
  readonly effort?: Effort;
}

export interface TimedSuite {
  readonly name: string;
  readonly title: string;
  readonly effort: Effort;
  readonly cases: readonly TimedCase[];
  /** Name of a container that idles on each peer meanwhile. */
  readonly idle?: string;
  readonly notes: readonly string[];
}

export function timedSuite({ name, title, effort, cases, idle, notes }: TimedSuite): Suite {
  return {
    name,
    effort,
    async measure(workshop: Workshop): Promise<readonly Section[]> {
      const rows = () => measureCases(cases, workshop);
      const measured = idle === undefined ? await rows() : await withIdle(workshop.peers, idle, rows);
      return [{ name, title, rows: measured, notes }];
    },
  };
}

async function measureCases(cases: readonly TimedCase[], workshop: Workshop): Promise<Row[]> {
  const subjects = workshop.peers.flatMap((peer) => peer.subjects);
  const rows: Row[] = [];
  for (const timed of cases)
    rows.push(
      ...(await roundRows(workshop, {
        title: timed.label,
        contestants: subjects,
        ...(timed.effort && { effort: fewerRounds(timed.effort, workshop) }),
        turn: (subject) => ({ [timed.label]: timeCase(subject, timed) }),
      })),
    );
  return rows;
}

function timeCase(subject: Subject, { before, args, after }: TimedCase): number {
  if (before) runToEnd(subject.command(before));
  const time = timeCommand(subject.command(args));
  if (after) runToEnd(subject.command(after));
  return time;
}

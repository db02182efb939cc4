import { setTimeout as sleep } from 'node:timers/promises';
import type { Effort, Row, Workshop } from './suite.ts';

/** The work that each contestant does once in every round. */
export interface Contest<Contestant extends { readonly name: string }> {
  /** For the progress line. */
  readonly title: string;
  readonly contestants: readonly Contestant[];
  /** Overrides the suite's effort. */
  readonly effort?: Effort;
  /** @returns figures by the labels of their rows. */
  turn(contestant: Contestant, round: number): Figures | Promise<Figures>;
}

export type Figures = Readonly<Record<string, number>>;

export type Unit = 'ms' | 's' | 'µs' | 'MB' | 'kB' | 'MB/s' | '1/s' | '×';

/** Waits so that a contestant's background work does not affect the next one. */
const PAUSE_MS = 100;

/** Each contestant has one turn per round, so that the machine's variations affect all equally. */
export async function playRounds<Contestant extends { readonly name: string }>(
  workshop: Workshop,
  { title, contestants, effort = workshop.effort, turn }: Contest<Contestant>,
): Promise<Record<string, Record<string, number[]>>> {
  const { warmup, runs } = effort;
  workshop.say(`${title}: ${warmup} + ${runs} rounds of ${contestants.map(({ name }) => name).join(', ')}`);
  const samples: Record<string, Record<string, number[]>> = {};
  for (let round = 0; round < warmup + runs; round++) {
    await sleep(PAUSE_MS);
    workshop.noise.calibrate();
    for (const contestant of contestants) {
      await sleep(PAUSE_MS);
      const figures = await turn(contestant, round);
      if (round < warmup) continue;
      for (const [label, value] of Object.entries(figures)) {
        samples[label] ??= {};
        samples[label][contestant.name] ??= [];
        samples[label][contestant.name]?.push(value);
      }
    }
  }
  return samples;
}

/** The rounds' figures as rows. */
export async function roundRows<Contestant extends { readonly name: string }>(
  workshop: Workshop,
  contest: Contest<Contestant>,
  unit: Unit = 'ms',
): Promise<Row[]> {
  const figures = await playRounds(workshop, contest);
  const more = unit.endsWith('/s') ? ({ more: true } as const) : {};
  return Object.entries(figures).map(([label, samples]) => ({ label, unit, ...more, samples }));
}

/** A case's own effort; the command line's number applies if it is smaller. */
export function fewerRounds({ warmup, runs }: Effort, { options }: Workshop): Effort {
  return {
    warmup: Math.min(warmup, options.warmup ?? warmup),
    runs: Math.min(runs, options.runs ?? runs),
  };
}

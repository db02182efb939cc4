import type { NoiseWatch } from '../measure/noise.ts';
import type { BenchOptions } from '../options.ts';
import type { Peer } from '../peers/peer.ts';
import type { Stage } from '../stage/stage.ts';

/** What a suite has to work with. */
export interface Workshop {
  readonly stage: Stage;
  readonly peers: readonly Peer[];
  readonly options: BenchOptions;
  /** Of this suite. */
  readonly effort: Effort;
  readonly noise: NoiseWatch;
  /** Shows a line of progress. */
  say(line: string): void;
}

export interface Effort {
  /** Rounds that are not counted, before the others. */
  readonly warmup: number;
  readonly runs: number;
}

export interface Suite {
  readonly name: string;
  /** Unless the command line says otherwise: long suites have few rounds. */
  readonly effort: Effort;
  measure(workshop: Workshop): Promise<readonly Section[]>;
}

/** A table of the report, and a chart. */
export interface Section {
  /** Of the suite, or of a part of it: unique, fit for a file's name. */
  readonly name: string;
  readonly title: string;
  readonly rows: readonly Row[];
  /** How Barge's cost grows: then there are no rows. */
  readonly curves?: readonly Curve[];
  /** What a reader must know to read the figures right. */
  readonly notes: readonly string[];
}

/** Less is better, unless `more` is true. */
export interface Row {
  readonly label: string;
  readonly unit: string;
  readonly more?: true;
  /** By the subject's name: Barge's own client first, then in the order of the columns. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
}

/** A cost that grows with a number. */
export interface Curve {
  readonly label: string;
  readonly unit: string;
  readonly points: readonly Point[];
  /** Of the number, in the power law that fits the upper half of the points best. */
  readonly exponent: number;
}

export interface Point {
  readonly count: number;
  readonly cost: number;
}

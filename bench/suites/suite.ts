import type { NoiseWatch } from '../measure/noise.ts';
import type { BenchOptions } from '../options.ts';
import type { Peer } from '../peers/peer.ts';
import type { Stage } from '../stage/stage.ts';

/** The environment of a suite. */
export interface Workshop {
  readonly stage: Stage;
  readonly peers: readonly Peer[];
  readonly options: BenchOptions;
  /** The effort of this suite. */
  readonly effort: Effort;
  readonly noise: NoiseWatch;
  /** Prints a progress line. */
  say(line: string): void;
}

export interface Effort {
  /** Warm-up rounds, which are not counted. */
  readonly warmup: number;
  readonly runs: number;
}

export interface Suite {
  readonly name: string;
  /** The default effort: long suites have few rounds. */
  readonly effort: Effort;
  measure(workshop: Workshop): Promise<readonly Section[]>;
}

/** A table of the report, and a chart. */
export interface Section {
  /** The name of the suite or of a part of it: unique, and usable as a file name. */
  readonly name: string;
  readonly title: string;
  readonly rows: readonly Row[];
  /** Curves of Barge's growing costs, instead of rows. */
  readonly curves?: readonly Curve[];
  /** What a reader must know to interpret the figures. */
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
  /** The exponent of the power law that best fits the upper half of the points. */
  readonly exponent: number;
}

export interface Point {
  readonly count: number;
  readonly cost: number;
}

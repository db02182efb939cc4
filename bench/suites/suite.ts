import type { NoiseWatch } from '../measure/noise.ts';
import type { BenchOptions } from '../options.ts';
import type { Peer } from '../peers/peer.ts';

/** What a suite has to work with. */
export interface Workshop {
  readonly peers: readonly Peer[];
  readonly options: BenchOptions;
  readonly noise: NoiseWatch;
  /** Shows a line of progress. */
  say(line: string): void;
}

export interface Suite {
  readonly name: string;
  measure(workshop: Workshop): Promise<Section>;
}

/** A table of the report. */
export interface Section {
  readonly suite: string;
  readonly title: string;
  readonly rows: readonly Row[];
  /** What a reader must know to read the figures right. */
  readonly notes: readonly string[];
}

/** Less is better in every row. */
export interface Row {
  readonly label: string;
  readonly unit: string;
  /** By the subject's name: Barge's own client first, then in the order of the columns. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
}

import type { NoiseReport } from '../measure/noise.ts';
import type { BenchOptions } from '../options.ts';
import type { Section } from '../suites/suite.ts';
import type { Machine } from './machine.ts';

/** All of one run; written as it is to `bench/results/`. */
export interface Report {
  readonly started: Date;
  readonly machine: Machine;
  /** By peer, then by program. */
  readonly versions: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Peers that were wanted but cannot be measured here, and why. */
  readonly absent: Readonly<Record<string, string>>;
  readonly options: BenchOptions;
  readonly noise: NoiseReport;
  readonly sections: readonly Section[];
  /** Suites that could not be measured, and why. */
  readonly failures: Readonly<Record<string, string>>;
}

import type { NoiseReport } from '../measure/noise.ts';
import type { BenchOptions } from '../options.ts';
import type { Section } from '../suites/suite.ts';
import type { Machine } from './machine.ts';

/** The data of one run; written unchanged to `bench/results/`. */
export interface Report {
  readonly started: Date;
  readonly machine: Machine;
  /** By peer, then by program. */
  readonly versions: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Requested peers that cannot be measured here, with the reason. */
  readonly absent: Readonly<Record<string, string>>;
  readonly options: BenchOptions;
  readonly noise: NoiseReport;
  readonly sections: readonly Section[];
  /** Suites that failed, with the reason. */
  readonly failures: Readonly<Record<string, string>>;
}

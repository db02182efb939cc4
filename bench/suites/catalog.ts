import { buildSuite } from './build.ts';
import { clientSuite } from './client.ts';
import { manySuite } from './many.ts';
import { memorySuite } from './memory.ts';
import { networkSuite } from './network.ts';
import { runSuite } from './run.ts';
import type { Suite } from './suite.ts';

/** In the order in which they are measured. */
export const SUITES: readonly Suite[] = [
  clientSuite,
  runSuite,
  manySuite,
  networkSuite,
  memorySuite,
  buildSuite,
];

import { apiSuite } from './api.ts';
import { buildSuite } from './build.ts';
import { clientSuite } from './client.ts';
import { crowdSuite } from './crowd/suite.ts';
import { execSuite } from './exec.ts';
import { growthSuite } from './growth/suite.ts';
import { logsSuite } from './logs.ts';
import { networkSuite } from './network.ts';
import { peakSuite } from './peak.ts';
import { registrySuite } from './registry.ts';
import { runSuite } from './run.ts';
import { stopSuite } from './stop.ts';
import type { Suite } from './suite.ts';
import { transferSuite } from './transfer.ts';

/** In the order in which they are measured. */
export const SUITES: readonly Suite[] = [
  clientSuite,
  runSuite,
  execSuite,
  stopSuite,
  apiSuite,
  logsSuite,
  networkSuite,
  crowdSuite,
  transferSuite,
  peakSuite,
  registrySuite,
  buildSuite,
  growthSuite,
];

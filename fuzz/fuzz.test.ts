import { test } from 'node:test';
import fc from 'fast-check';
import { TARGETS } from './targets.ts';

/** A short run; `npm run fuzz` runs longer. A failure prints its seed and the smallest failing input. */
const RUNS = 300;

for (const { name, property } of TARGETS) {
  test(`any input: ${name}`, async () => {
    await fc.assert(property, { numRuns: RUNS });
  });
}

/** `npm run fuzz [-- --runs N] [--seed N] [--path P] [TARGET...]`: feeds parsers mutations of valid inputs. */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { TARGETS } from './targets.ts';

const { values, positionals } = parseArgs({
  options: { runs: { type: 'string' }, seed: { type: 'string' }, path: { type: 'string' } },
  allowPositionals: true,
});
const runs = Number(values.runs ?? 100_000);
const chosen = TARGETS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
if (chosen.length === 0)
  throw new Error(`unknown target: want one of ${TARGETS.map(({ name }) => name).join(', ')}`);
for (const { name, property } of chosen) {
  const began = performance.now();
  await fc.assert(property, {
    numRuns: runs,
    ...(values.seed === undefined ? {} : { seed: Number(values.seed) }),
    ...(values.path === undefined ? {} : { path: values.path }),
  });
  console.log(`${name}: ${runs} inputs in ${((performance.now() - began) / 1000).toFixed(0)} s`);
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NoiseWatch } from '../measure/noise.ts';
import { fewerRounds, roundRows } from './rounds.ts';
import type { Workshop } from './suite.ts';

const workshop = (options: { readonly runs?: number; readonly warmup?: number } = {}) => {
  const counted = { calibrations: 0 };
  const noise = { calibrate: () => counted.calibrations++ } as unknown as NoiseWatch;
  const effort = { warmup: 1, runs: 2 };
  return { counted, workshop: { options, effort, noise, say: () => {} } as unknown as Workshop };
};

test('contestants take turns, warm-up rounds are not counted, and every round is calibrated', async () => {
  const { counted, workshop: shop } = workshop();
  const turns: string[] = [];
  const [row] = await roundRows(shop, {
    title: 'a contest',
    contestants: [{ name: 'a' }, { name: 'b' }],
    turn: ({ name }, round) => {
      turns.push(`${name}${round}`);
      return { figure: round };
    },
  });
  assert.deepEqual(turns, ['a0', 'b0', 'a1', 'b1', 'a2', 'b2']);
  assert.deepEqual(row?.samples, { a: [1, 2], b: [1, 2] });
  assert.equal(counted.calibrations, 3);
});

test('the command line can reduce the rounds of long suites, but not increase them', () => {
  const long = { warmup: 0, runs: 2 };
  assert.deepEqual(fewerRounds(long, workshop({ runs: 30, warmup: 3 }).workshop), long);
  assert.deepEqual(fewerRounds(long, workshop({ runs: 1 }).workshop), { warmup: 0, runs: 1 });
});

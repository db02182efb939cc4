import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overspent } from './budget.ts';

const budget = { run: { opens: 100, syncs: 0 } };

test('a tenth and three calls more than recorded are within the budget', () => {
  assert.deepEqual(overspent({ run: { opens: 110, syncs: 3 } }, budget), []);
});

test('more than that is named: path, kind, count and budget', () => {
  const [complaint, ...more] = overspent({ run: { opens: 111, syncs: 0 } }, budget);
  assert.equal(complaint, 'run: opens: counted 111, budget 100 (at most 110)');
  assert.deepEqual(more, []);
});

test('a path without a budget is also reported', () => {
  assert.deepEqual(overspent({ exec: { opens: 1 } }, budget), ['exec: has no budget yet']);
});

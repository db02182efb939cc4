import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relativeSpread, summarize } from './statistics.ts';

test('the median of an even number of samples lies between the middle two', () => {
  assert.equal(summarize([4, 1, 3, 2]).median, 2.5);
});

test('one sample is its own median, minimum and maximum', () => {
  const { count, median, min, max } = summarize([7]);
  assert.deepEqual([count, median, min, max], [1, 7, 7, 7]);
});

test('the spread ignores a single outlier', () => {
  assert.equal(relativeSpread(summarize([10, 10, 10, 10, 10, 10, 10, 10, 1000])), 0);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuWeight, swapOnly } from './cgroup-limits.ts';

test('CPU shares become weights of control groups v2, end to end', () => {
  assert.deepEqual([2, 1024, 262_144].map(cpuWeight), [1, 39, 10_000]);
});

test('version 2 counts swap without memory', () => {
  assert.equal(swapOnly(300, 100), 200);
  assert.equal(swapOnly(-1, 100), -1);
  assert.equal(swapOnly(50, 100), 0);
});

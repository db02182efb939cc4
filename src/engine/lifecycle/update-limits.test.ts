import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_SPEC } from '../../container/default-spec.ts';
import { limitsOf } from './update-limits.ts';

const { limits: NONE } = DEFAULT_SPEC;

test('only what changes is written, and memory always together with swap', () => {
  assert.deepEqual(limitsOf({ ...NONE, memory: 100, cpuShares: 5 }, ['memory'], NONE), {
    memory: 100,
    memorySwap: 200,
    blockDevices: [],
  });
  assert.deepEqual(limitsOf({ ...NONE, memory: 100, memorySwap: -1 }, ['memorySwap'], NONE), {
    memory: 100,
    memorySwap: -1,
    blockDevices: [],
  });
});

test('without a value there is no limit', () => {
  const { cpuQuota, cpuPeriod, pids, memoryReservation, cpuShares } = limitsOf(
    NONE,
    ['cpuQuota', 'pids', 'memoryReservation', 'cpuShares'],
    NONE,
  );
  assert.deepEqual([cpuQuota, cpuPeriod, pids, memoryReservation, cpuShares], [-1, 100_000, -1, -1, 1024]);
});

test('billionths of a CPU become a quota of the usual period', () => {
  const limits = limitsOf({ ...NONE, nanoCpus: 1.5e9, cpuPeriod: 7 }, ['nanoCpus'], NONE);
  assert.deepEqual([limits.cpuPeriod, limits.cpuQuota], [100_000, 150_000]);
});

test('a device that has lost its limit gets a rule without a value', () => {
  const before = { ...NONE, blockReadBytes: [{ path: '/dev/null', rate: 1 }] };
  const after = { ...NONE, blockReadBytes: [{ path: '/dev/zero', rate: 2 }] };
  assert.deepEqual(limitsOf(after, ['blockReadBytes'], before).blockDevices, [
    { kind: 'read-bytes', major: 1, minor: 3 },
    { kind: 'read-bytes', major: 1, minor: 5, value: 2 },
  ]);
});

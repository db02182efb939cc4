import assert from 'node:assert/strict';
import { test } from 'node:test';
import { updateOf } from './update.ts';

test('an update names limits and the restart policy; what stands for nothing is left alone', () => {
  const { limits, restart, asGiven } = updateOf({
    Memory: 1 << 30,
    CpuShares: 0,
    CpusetCpus: '',
    BlkioDeviceReadBps: [{ Path: '/dev/sda', Rate: 5 }],
    BlkioWeightDevice: [],
    RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
  });
  assert.deepEqual(limits, {
    memory: 1 << 30,
    blockReadBytes: [{ path: '/dev/sda', rate: 5 }],
    blockWeightDevices: [],
  });
  assert.deepEqual(restart, { kind: 'on-failure', maxRetries: 3 });
  /* What the creation gave otherwise is shown no more; an empty list is shown as one. */
  assert.deepEqual(asGiven, {
    Memory: undefined,
    BlkioDeviceReadBps: undefined,
    BlkioWeightDevice: [],
    RestartPolicy: undefined,
  });
});

test('members of the creation are not changed', () => {
  const update = updateOf({ CgroupParent: '/x', Devices: [], Ulimits: [], OomKillDisable: true, Init: true });
  assert.deepEqual(update, { limits: {}, asGiven: {} });
});

test('no limit of processes is shown as 0', () => {
  for (const PidsLimit of [0, -1])
    assert.deepEqual(updateOf({ PidsLimit }), { limits: { pids: 0 }, asGiven: { PidsLimit: 0 } });
  assert.deepEqual(updateOf({ PidsLimit: 9 }), { limits: { pids: 9 }, asGiven: { PidsLimit: undefined } });
  assert.deepEqual(updateOf({ PidsLimit: null }), { limits: {}, asGiven: {} });
});

test('a restart policy without a name changes nothing, an unknown one is refused', () => {
  assert.deepEqual(updateOf({ RestartPolicy: { MaximumRetryCount: 0 } }), { limits: {}, asGiven: {} });
  assert.throws(() => updateOf({ RestartPolicy: { Name: 'x' as 'no' } }), { kind: 'invalid-parameter' });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signalNumber } from '../../core/signals.ts';
import type { CgroupFeatures } from '../../host/cgroup-features.ts';
import { DEFAULT_SPEC } from '../default-spec.ts';
import type { LimitSpec } from '../resource-spec.ts';
import { checkAnnotations } from './annotations.ts';
import { checkLimits } from './resources.ts';

const ALL: CgroupFeatures = {
  memory: true,
  memorySwap: true,
  memoryReservation: true,
  swappiness: true,
  oomKillDisable: true,
  cpuShares: true,
  cpuCfs: true,
  cpuRealtime: true,
  cpuset: true,
  pids: true,
  blkioWeight: true,
  blkioWeightDevice: true,
  blkioThrottle: true,
  cpus: '0-3',
  mems: '0',
};

const MB = 1 << 20;
const { limits: NONE } = DEFAULT_SPEC;

for (const [request, words] of [
  [{ memory: 1024 }, /Minimum memory limit allowed is 6MB/],
  [{ memorySwap: 1 << 30 }, /always set the Memory limit/],
  [{ memory: 100 * MB, memorySwap: 50 * MB }, /memoryswap limit should be larger/],
  [{ memoryReservation: 1 }, /Minimum memory reservation allowed is 6MB/],
  [{ memory: 10 * MB, memoryReservation: 20 * MB }, /less than memory reservation/],
  [{ memorySwappiness: 101 }, /valid memory swappiness range is 0-100/],
  [{ nanoCpus: 1e9, cpuPeriod: 5000 }, /Nano CPUs and CPU Period/],
  [{ nanoCpus: 1e9, cpuQuota: 5000 }, /Nano CPUs and CPU Quota/],
  [{ nanoCpus: 1e15 }, /Range of CPUs is from 0.01/],
  [{ cpuPeriod: 10 }, /CPU cfs period can not be less than 1ms/],
  [{ cpuQuota: 10 }, /CPU cfs quota can not be less than 1ms/],
  [{ cpuRealtimePeriod: 1000, cpuRealtimeRuntime: 2000 }, /runtime cannot be higher/],
  [{ cpus: '0-9' }, /requested 0-9, available: 0-3/],
  [{ cpus: 'a' }, /Invalid value a for cpuset cpus/],
  [{ memoryNodes: '1' }, /Requested memory nodes are not available/],
  [{ blockWeight: 5 }, /Range of blkio weight is from 10 to 1000/],
] as readonly [Partial<LimitSpec>, RegExp][]) {
  test(`refused: ${JSON.stringify(request)}`, () => {
    assert.throws(() => checkLimits({ ...NONE, ...request }, ALL), words);
  });
}

test('what the kernel cannot enforce is left out and told', () => {
  const request = { ...NONE, memory: 100 * MB, memorySwap: 200 * MB, blockWeight: 100, memorySwappiness: 60 };
  const less = { ...ALL, memorySwap: false, blkioWeight: false, swappiness: false };
  const { limits, warnings } = checkLimits(request, less);
  assert.deepEqual(limits, { ...NONE, memory: 100 * MB });
  assert.equal(warnings.length, 3);
  assert.match(warnings.join(), /Memory limited without swap.*swappiness discarded.*Block I\/O weight/);
  assert.deepEqual(checkLimits(request, ALL), { limits: request, warnings: [] });
});

test('real-time limits without kernel support are an error, as nothing can stand in for them', () => {
  assert.throws(
    () => checkLimits({ ...NONE, cpuRealtimePeriod: 1 }, { ...ALL, cpuRealtime: false }),
    /real-time period/,
  );
});

for (const [annotations, words] of [
  [{ '': 'x' }, /empty string is not permitted/],
  [{ 'run.oci.seccomp_bpf_data\0x': 'BgAAAAAA/38=' }, /contains a zero byte/],
  [{ a: 'b\0' }, /contains a zero byte/],
  [{ 'run.oci.seccomp.receiver': '/x' }, /set by the daemon/],
] as readonly [Record<string, string>, RegExp][]) {
  test(`refused annotations: ${JSON.stringify(annotations)}`, () => {
    assert.throws(() => checkAnnotations(annotations), words);
  });
}

test('signals by name and number', () => {
  assert.deepEqual(['TERM', 'sigkill', '15', 'RTMIN+1', 'RTMAX'].map(signalNumber), [15, 9, 15, 35, 64]);
  for (const wrong of ['0', '65', 'RTMIN+31', 'X'])
    assert.throws(() => signalNumber(wrong), /invalid signal/);
});

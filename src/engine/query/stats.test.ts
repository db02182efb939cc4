import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerSpec } from '../../container/default-spec.ts';
import type { LifeState } from '../../container/life/state.ts';
import { STATES } from '../../container/life/testing.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { CgroupUsage, InterfaceCounters } from '../../host/cgroup-stats.ts';
import { RecordingHost } from '../../host/recording/host.ts';
import { definitionOf } from '../lifecycle/testing.ts';
import { containerStats, type StatsContext, sample } from './stats.ts';

const USAGE: CgroupUsage = {
  cpu: { total: 30, user: 20, kernel: 10, periods: 0, throttledPeriods: 0, throttledTime: 0 },
  memory: { usage: 4096, limit: 8192, detail: { anon: 1 } },
  pids: { current: 3, limit: 0 },
  blockBytes: [],
};
const COUNTERS: InterfaceCounters = {
  ...{ rx_bytes: 1, rx_packets: 1, rx_errors: 0, rx_dropped: 0 },
  ...{ tx_bytes: 2, tx_packets: 1, tx_errors: 0, tx_dropped: 0 },
};

function context(state: LifeState, mode: ContainerSpec['network']['mode'] = { kind: 'bridge' }) {
  const container = { definition: definitionOf({ spec: containerSpec({ network: { mode } }) }), state };
  const host = new RecordingHost()
    .on('cgroups.usage', () => USAGE)
    .on('cgroups.networkCounters', () => ({ eth0: COUNTERS }));
  const ctx: StatsContext = {
    host,
    containers: { find: () => container, get: () => container, has: () => true },
    runner: { cgroupOf: ({ id }) => `/barge/${id}` },
  };
  return { ctx, host };
}

test('a sample repeats the CPU times of the one before it', () => {
  const { ctx, host } = context(STATES.running);
  const first = sample(ctx, 'c1');
  assert.equal(first.cpu_stats.cpu_usage.total_usage, 30);
  assert.equal(first.precpu_stats.cpu_usage.total_usage, 0);
  assert.equal(first.memory_stats.limit, 8192);
  assert.deepEqual(first.pids_stats, { current: 3 });
  assert.deepEqual(host.callsOf('cgroups.usage'), [['cgroups.usage', '/barge/c1']]);
  const second = sample(ctx, 'c1', first);
  assert.equal(second.preread, first.read);
  assert.deepEqual(second.precpu_stats, first.cpu_stats);
});

test('network counters are those of the container’s first process, and none of the host’s', () => {
  const { ctx, host } = context(STATES.running);
  assert.deepEqual(sample(ctx, 'c1').networks, { eth0: COUNTERS });
  assert.deepEqual(host.callsOf('cgroups.networkCounters'), [['cgroups.networkCounters', 42]]);
  const shared = context(STATES.running, { kind: 'host' });
  assert.equal(sample(shared.ctx, 'c1').networks, undefined);
  assert.deepEqual(shared.host.callsOf('cgroups.networkCounters'), []);
});

test('a stopped container uses nothing, and one sample of it says so', async () => {
  const { ctx, host } = context(STATES.exited);
  const query = { stream: false, oneShot: false, signal: new AbortController().signal };
  const samples = await Array.fromAsync(containerStats(ctx, 'web', query));
  assert.deepEqual(
    samples.map(({ read, memory_stats }) => [read, memory_stats]),
    [['0001-01-01T00:00:00Z', {}]],
  );
  assert.deepEqual(host.calls, []);
});

test('a single sample of a running container is there at once on request', async () => {
  const { ctx } = context(STATES.running);
  const query = { stream: false, oneShot: true, signal: new AbortController().signal };
  const samples = await Array.fromAsync(containerStats(ctx, 'web', query));
  assert.deepEqual(
    samples.map(({ cpu_stats }) => cpu_stats.cpu_usage.total_usage),
    [30],
  );
});

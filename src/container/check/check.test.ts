import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostConfig, Resources } from '../../api/engine/containers.ts';
import type { CgroupFeatures } from '../../host/cgroup-features.ts';
import { checkConfig } from './config.ts';
import { checkHostConfig } from './host-config.ts';
import { checkResources } from './resources.ts';
import { signalNumber } from './signal.ts';

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

for (const [request, words] of [
  [{ Memory: 1024 }, /Minimum memory limit allowed is 6MB/],
  [{ MemorySwap: 1 << 30 }, /always set the Memory limit/],
  [{ Memory: 100 * MB, MemorySwap: 50 * MB }, /memoryswap limit should be larger/],
  [{ MemoryReservation: 1 }, /Minimum memory reservation allowed is 6MB/],
  [{ Memory: 10 * MB, MemoryReservation: 20 * MB }, /less than memory reservation/],
  [{ MemorySwappiness: 101 }, /valid memory swappiness range is 0-100/],
  [{ NanoCpus: 1e9, CpuPeriod: 5000 }, /Nano CPUs and CPU Period/],
  [{ NanoCpus: 1e9, CpuQuota: 5000 }, /Nano CPUs and CPU Quota/],
  [{ NanoCpus: 1e15 }, /Range of CPUs is from 0.01/],
  [{ CpuPeriod: 10 }, /CPU cfs period can not be less than 1ms/],
  [{ CpuQuota: 10 }, /CPU cfs quota can not be less than 1ms/],
  [{ CpuRealtimePeriod: 1000, CpuRealtimeRuntime: 2000 }, /runtime cannot be higher/],
  [{ CpusetCpus: '0-9' }, /requested 0-9, available: 0-3/],
  [{ CpusetCpus: 'a' }, /Invalid value a for cpuset cpus/],
  [{ CpusetMems: '1' }, /Requested memory nodes are not available/],
  [{ BlkioWeight: 5 }, /Range of blkio weight is from 10 to 1000/],
  [{ OomScoreAdj: 2000 }, /range for oom score adj/],
] as readonly [Resources, RegExp][]) {
  test(`refused: ${JSON.stringify(request)}`, () => {
    assert.throws(() => checkResources(request, ALL), words);
  });
}

test('what the kernel cannot enforce is left out and told', () => {
  const request = { Memory: 100 * MB, MemorySwap: 200 * MB, BlkioWeight: 100, MemorySwappiness: -1 };
  const { resources, warnings } = checkResources(request, { ...ALL, memorySwap: false, blkioWeight: false });
  assert.deepEqual(resources, { Memory: 100 * MB });
  assert.equal(warnings.length, 2);
  assert.match(warnings.join(), /Memory limited without swap.*Block I\/O weight/);
  const { MemorySwappiness, ...kept } = request;
  assert.deepEqual(checkResources(request, ALL), { resources: kept, warnings: [] });
});

test('real-time limits without kernel support are an error, as nothing can stand in for them', () => {
  assert.throws(
    () => checkResources({ CpuRealtimePeriod: 1 }, { ...ALL, cpuRealtime: false }),
    /real-time period/,
  );
});

for (const [host, words] of [
  [{ PidMode: 'x' }, /invalid PID mode: x/],
  [{ IpcMode: 'x' }, /invalid IPC mode: x/],
  [{ UTSMode: 'container:a' }, /invalid UTS mode/],
  [{ CgroupnsMode: 'x' }, /invalid cgroup namespace mode/],
  [{ UsernsMode: 'x' }, /invalid user namespace mode/],
  [{ Isolation: 'hyperv' }, /invalid isolation 'hyperv' on linux/],
  [{ CapAdd: ['nope'] }, /invalid CapAdd: unknown capability: "CAP_NOPE"/],
  [{ CapDrop: ['nope'] }, /invalid CapDrop/],
  [{ SecurityOpt: ['foo=bar'] }, /invalid --security-opt 2: "foo=bar"/],
  [{ SecurityOpt: ['no-new-privileges=maybe'] }, /invalid --security-opt 2/],
  [{ Ulimits: [{ Name: 'x', Soft: 1, Hard: 1 }] }, /invalid ulimit type: x/],
  [{ Ulimits: [{ Name: 'nofile', Soft: 2, Hard: 1 }] }, /soft limit must be less/],
  [{ ExtraHosts: ['nothing'] }, /bad format for add-host: "nothing"/],
  [{ ExtraHosts: ['a:b'] }, /invalid IP address in add-host: "b"/],
  [{ PortBindings: { '99999/tcp': null } }, /invalid port specification: "99999\/tcp"/],
  [{ Umask: 0o1000 }, /invalid umask 01000/],
  [{ ShmSize: -1 }, /SHM size can not be less than 0/],
  [{ Annotations: { '': 'x' } }, /empty string is not permitted/],
  [{ Annotations: { 'run.oci.seccomp_bpf_data\0x': 'BgAAAAAA/38=' } }, /contains a zero byte/],
  [{ Annotations: { a: 'b\0' } }, /contains a zero byte/],
  [{ AutoRemove: true, RestartPolicy: { Name: 'always' } }, /can't create 'AutoRemove' container/],
  [{ NetworkMode: 'container:a', Dns: ['1.1.1.1'] }, /dns and the network mode/],
  [{ NetworkMode: 'container:a', PublishAllPorts: true }, /port publishing and the container type/],
  [{ NetworkMode: 'host', Links: ['a:b'] }, /host type networking can't be used with links/],
  [{ VolumeDriver: 'nfs' }, /error looking up volume plugin nfs: plugin "nfs" not found/],
] as readonly [HostConfig, RegExp][]) {
  test(`refused: ${JSON.stringify(host)}`, () => assert.throws(() => checkHostConfig({}, host), words));
}

test('what is fine passes', () => {
  const host: HostConfig = {
    IpcMode: 'shareable',
    PidMode: 'container:a',
    ExtraHosts: ['a:127.0.0.1', 'b=[::1]', 'c:host-gateway'],
    SecurityOpt: [
      'no-new-privileges:true',
      'seccomp={}',
      'apparmor=x',
      'label=disable',
      'systempaths=unconfined',
    ],
    Ulimits: [{ Name: 'nofile', Soft: 1, Hard: -1 }],
    PortBindings: { '80/tcp': [{ HostPort: '8000-8010' }] },
  };
  assert.deepEqual(checkHostConfig({}, host), []);
  assert.match(checkHostConfig({}, { ...host, NetworkMode: 'host' }).join(), /Published ports are discarded/);
});

test('a configuration’s fields', () => {
  assert.throws(() => checkConfig({ WorkingDir: 'a' }), /the working directory 'a' is invalid/);
  assert.throws(() => checkConfig({ StopSignal: 'FOO' }), /invalid signal: FOO/i);
  assert.throws(() => checkConfig({ Env: ['=a'] }), /invalid environment variable: =a/);
  assert.throws(() => checkConfig({ ExposedPorts: { x: {} } }), /invalid port/);
  assert.throws(
    () => checkConfig({ Healthcheck: { Interval: 5 } }),
    /Interval in Healthcheck cannot be less than 1ms/,
  );
  assert.throws(() => checkConfig({ Healthcheck: { Test: ['FOO'] } }), /Unknown type "FOO" in Healthcheck/);
  checkConfig({ WorkingDir: '/a', StopSignal: 'RTMIN+3', ExposedPorts: { '1-3/udp': {} }, Env: ['A'] });
});

test('signals by name and number', () => {
  assert.deepEqual(['TERM', 'sigkill', '15', 'RTMIN+1', 'RTMAX'].map(signalNumber), [15, 9, 15, 35, 64]);
  for (const wrong of ['0', '65', 'RTMIN+31', 'X'])
    assert.throws(() => signalNumber(wrong), /invalid signal/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectiveCapabilities, hostCapabilities } from './capabilities.ts';
import { deviceAccess } from './devices.ts';
import { checkResources, ociResources } from './resources.ts';

test('a memory limit allows as much swap again', () => {
  const { memory } = ociResources({ Memory: 100 << 20 }, []);
  assert.deepEqual(memory, { limit: 100 << 20, swap: 200 << 20 });
});

test('--cpus becomes a quota', () => {
  assert.deepEqual(ociResources({ NanoCpus: 1.5e9 }, []).cpu, { period: 100_000, quota: 150_000 });
});

test('limits that contradict each other are refused in docker’s words', () => {
  assert.throws(() => checkResources({ Memory: 1024 }), /Minimum memory limit allowed is 6MB/);
  assert.throws(() => checkResources({ MemorySwap: 1 << 30 }), /always set the Memory limit/);
  assert.throws(() => checkResources({ NanoCpus: 1e9, CpuQuota: 1 }), /Conflicting options/);
  assert.throws(() => checkResources({ MemorySwappiness: 101 }), /valid memory swappiness range is 0-100/);
});

test('capabilities are added, dropped, and bounded by what the host has', () => {
  const of = (add: string[], drop: string[], privileged = false) =>
    effectiveCapabilities({ add, drop, privileged });
  assert.ok(of([], []).granted.includes('CAP_CHOWN'));
  assert.ok(!of([], ['chown']).granted.includes('CAP_CHOWN'));
  assert.deepEqual(
    of(['NET_ADMIN'], ['ALL']).granted,
    ['CAP_NET_ADMIN'].filter((name) => hostCapabilities().has(name)),
  );
  const everything = of([], [], true);
  assert.ok(everything.granted.every((name) => hostCapabilities().has(name)));
  assert.ok(everything.missing.every((name) => !hostCapabilities().has(name)));
  assert.throws(() => of(['NOT_A_THING'], []), /unknown capability/);
});

test('devices are denied by default and allowed one by one', () => {
  const { devices, rules } = deviceAccess(
    [{ PathOnHost: '/dev/null', PathInContainer: '/dev/nil' }],
    ['c 10:* rw'],
    false,
  );
  assert.deepEqual(rules[0], { allow: false, access: 'rwm' });
  assert.deepEqual(
    devices.map(({ path, major, minor }) => ({ path, major, minor })),
    [{ path: '/dev/nil', major: 1, minor: 3 }],
  );
  assert.deepEqual(rules.at(-1), { allow: true, type: 'c', major: 10, access: 'rw' });
  assert.throws(
    () => deviceAccess([{ PathOnHost: '/dev/no-such-device' }], [], false),
    /no such file or directory/,
  );
  assert.throws(() => deviceAccess([], ['x 1:1 r'], false), /invalid device cgroup rule/);
});

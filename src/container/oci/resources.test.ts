import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_SPEC } from '../default-spec.ts';
import { assertCapabilities, effectiveCapabilities, hostCapabilities } from './capabilities.ts';
import { deviceAccess } from './devices.ts';
import { ociResources } from './resources.ts';

const { limits } = DEFAULT_SPEC;

test('a memory limit allows as much swap again', () => {
  const { memory } = ociResources({ ...limits, memory: 100 << 20 }, []);
  assert.deepEqual(memory, { limit: 100 << 20, swap: 200 << 20 });
});

test('--cpus becomes a quota', () => {
  assert.deepEqual(ociResources({ ...limits, nanoCpus: 1.5e9 }, []).cpu, { period: 100_000, quota: 150_000 });
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
  assert.throws(
    () => assertCapabilities(['NOT_A_THING'], 'CapAdd'),
    /invalid CapAdd: unknown capability: "CAP_NOT_A_THING"/,
  );
});

test('devices are denied by default and allowed one by one', () => {
  const { devices, rules } = deviceAccess(
    [{ hostPath: '/dev/null', path: '/dev/nil', access: 'rwm' }],
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
    () => deviceAccess([{ hostPath: '/dev/no-such-device', path: '/dev/x', access: 'rwm' }], [], false),
    /no such file or directory/,
  );
  assert.throws(() => deviceAccess([], ['x 1:1 r'], false), /invalid device cgroup rule/);
});

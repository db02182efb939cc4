import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostConfig } from '../../api/engine/containers.ts';
import { checkConfig } from './check-config.ts';
import { checkHostConfig } from './check-host-config.ts';

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
  [{ OomScoreAdj: 2000 }, /range for oom score adj/],
  [{ IOMaximumIOps: 1 }, /Invalid QoS settings/],
  [{ ShmSize: -1 }, /SHM size can not be less than 0/],
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

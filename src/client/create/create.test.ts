import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { parseFlags } from '../parse-flags.ts';
import { parseDevice, parseGpus, parseUlimit } from './devices.ts';
import { CREATE_FLAGS } from './flags.ts';
import { readEnvironment } from './key-values.ts';
import { parseRestartPolicy } from './limits.ts';
import { parseMount, parseVolumes } from './mounts.ts';
import { parsePublished } from './ports.ts';
import { createRequest } from './request.ts';

const DETACHED = { stdin: false, stdout: false, stderr: false };

function request(...words: string[]) {
  const { flags, args } = parseFlags([...words, 'busybox'], CREATE_FLAGS, { stopAtPositional: true });
  return createRequest(flags, args, DETACHED);
}

test('published ports accept addresses, ranges, protocols and brackets', () => {
  const cases: [string, Record<string, [string, string][]>][] = [
    ['80', { '80/tcp': [['', '']] }],
    ['8080:80/udp', { '80/udp': [['', '8080']] }],
    ['127.0.0.1::80', { '80/tcp': [['127.0.0.1', '']] }],
    ['[::1]:8080:80', { '80/tcp': [['::1', '8080']] }],
    ['::1:8080:80', { '80/tcp': [['::1', '8080']] }],
    ['90-91:80-81', { '80/tcp': [['', '90']], '81/tcp': [['', '91']] }],
    ['80-82:90', { '90/tcp': [['', '80-82']] }],
    ['published=1,target=2,protocol=udp', { '2/udp': [['', '1']] }],
  ];
  for (const [spec, expected] of cases) {
    const { bindings } = parsePublished([spec], []);
    const short = Object.entries(bindings).map(([key, list]) => [
      key,
      list.map((b) => [b.HostIp, b.HostPort]),
    ]);
    assert.deepEqual(Object.fromEntries(short), expected, spec);
  }
});

test("invalid ports are rejected in docker's words", () => {
  const cases: [string, string][] = [
    ['abc', 'invalid containerPort: abc'],
    ['80000:80', 'invalid hostPort: 80000'],
    ['1.2.3.4.5:80:80', 'invalid IP address: 1.2.3.4.5'],
    ['80:80/foo', 'invalid proto: foo'],
    ['80-82:90-91', 'invalid ranges specified for container and host Ports: 90-91 and 80-82'],
    [':', 'no port specified: :<empty>'],
    ['80:', 'no port specified: 80:<empty>'],
  ];
  for (const [spec, message] of cases) assert.throws(() => parsePublished([spec], []), { message });
  assert.throws(() => parsePublished([], ['80:80']), { message: 'invalid port format for --expose: 80:80' });
});

test('exposed ranges expose every port', () => {
  assert.deepEqual(Object.keys(parsePublished([], ['5-6/udp', '7']).exposed), ['5/udp', '6/udp', '7/tcp']);
});

test('volumes with a source are binds, those without are anonymous', () => {
  assert.deepEqual(parseVolumes(['/a:/b:ro', './x:/y', 'name:/z', '/anon']), {
    binds: ['/a:/b:ro', `${resolve('x')}:/y`, 'name:/z'],
    volumes: { '/anon': {} },
  });
});

test('--mount reads its fields, quoted commas included', () => {
  assert.deepEqual(parseMount('type=bind,src=/x,dst=/y,ro,bind-propagation=rslave'), {
    Type: 'bind',
    Source: '/x',
    Target: '/y',
    ReadOnly: true,
    BindOptions: { Propagation: 'rslave' },
  });
  assert.deepEqual(parseMount('target=/v,source=n,"volume-opt=o=addr=1,rw",volume-nocopy'), {
    Type: 'volume',
    Source: 'n',
    Target: '/v',
    VolumeOptions: { DriverConfig: { Options: { o: 'addr=1,rw' } }, NoCopy: true },
  });
  assert.deepEqual(parseMount('type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1770'), {
    Type: 'tmpfs',
    Target: '/t',
    TmpfsOptions: { SizeBytes: 1024 * 1024, Mode: 0o1770 },
  });
});

test("--mount reports mistakes in docker's words", () => {
  const cases: [string, string][] = [
    ['x', "invalid field 'x' must be a key=value pair"],
    ['type=bind', 'target is required'],
    ['foo=bar', "unexpected key 'foo' in 'foo=bar'"],
    ['type=bind,src=/a,target=/x,ro=foo', 'invalid value for ro: foo'],
    [
      'type=bind,src=/a,target=/x,bind-recursive=readonly',
      "option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction",
    ],
    [
      'type=bind,src=/a,target=/x,readonly,bind-recursive=readonly',
      "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction",
    ],
    ['type=bind,target=/x,volume-nocopy', "cannot mix 'volume-*' options with mount type 'bind'"],
  ];
  for (const [spec, message] of cases) assert.throws(() => parseMount(spec), { message });
});

test('variables come from files, flags and the environment, flags last', () => {
  const directory = mkdtempSync(join(tmpdir(), 'barge-env-'));
  const file = join(directory, 'env');
  writeFileSync(file, '# comment\n\nA=1\n  B=two words \nHERE\nGONE\n');
  const env = readEnvironment([file], ['C=3', 'HERE', 'GONE', 'D='], { HERE: 'yes' });
  assert.deepEqual(env, ['A=1', 'B=two words ', 'HERE=yes', 'C=3', 'HERE=yes', 'GONE', 'D=']);
  writeFileSync(file, 'a b=1\n');
  assert.throws(() => readEnvironment([file], [], {}), /variable 'a b' contains whitespaces/);
  assert.throws(() => readEnvironment(['/nope'], [], {}), {
    message: 'open /nope: no such file or directory',
  });
  rmSync(directory, { recursive: true });
});

test('devices, ulimits, GPUs and restart policies are parsed', () => {
  assert.deepEqual(parseDevice('/dev/a:/dev/b:r'), {
    PathOnHost: '/dev/a',
    PathInContainer: '/dev/b',
    CgroupPermissions: 'r',
  });
  assert.deepEqual(parseDevice('/dev/a:rw').PathInContainer, '/dev/a');
  assert.deepEqual(parseUlimit('nofile=10:20'), { Name: 'nofile', Soft: 10, Hard: 20 });
  assert.throws(() => parseUlimit('foo=1'), { message: 'invalid ulimit type: foo' });
  assert.deepEqual(parseGpus('all'), { Count: -1, Capabilities: [['gpu']] });
  assert.deepEqual(parseRestartPolicy('on-failure:3'), { Name: 'on-failure', MaximumRetryCount: 3 });
  assert.throws(() => parseRestartPolicy('on-failure:x'), /maximum retry count must be an integer/);
});

test('options that were not given are left to the daemon', () => {
  assert.deepEqual(request(), {
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Image: 'busybox',
    HostConfig: { NetworkMode: 'default' },
  });
});

test("limits, health checks and options set the API's members", () => {
  const body = request(
    '-m',
    '64m',
    '--cpus',
    '0.5',
    '--health-cmd',
    'true',
    '--health-interval',
    '5s',
    '--init',
    '--entrypoint',
    '',
  );
  assert.deepEqual(
    [body.HostConfig?.Memory, body.HostConfig?.NanoCpus, body.HostConfig?.Init],
    [67108864, 5e8, true],
  );
  assert.deepEqual(body.Healthcheck, { Test: ['CMD-SHELL', 'true'], Interval: 5e9 });
  assert.deepEqual(body.Entrypoint, ['']);
});

test('capabilities have their full names, once each, and ALL includes every one', () => {
  const host = (...words: string[]) => {
    const { CapAdd, CapDrop } = request(...words).HostConfig ?? {};
    return { CapAdd, CapDrop };
  };
  assert.deepEqual(host('--cap-add', 'sys_admin', '--cap-add', 'CAP_NET_RAW', '--cap-add', 'net_raw'), {
    CapAdd: ['CAP_NET_RAW', 'CAP_SYS_ADMIN'],
    CapDrop: undefined,
  });
  assert.deepEqual(host('--cap-add', 'all', '--cap-add', 'KILL', '--cap-drop', 'KILL'), {
    CapAdd: ['ALL'],
    CapDrop: ['CAP_KILL'],
  });
  assert.deepEqual(host('--cap-drop', 'ALL', '--cap-add', 'KILL'), {
    CapAdd: ['CAP_KILL'],
    CapDrop: ['ALL'],
  });
  assert.equal(host('--cap-add', 'KILL', '--cap-drop', 'KILL').CapDrop, undefined);
});

test('the flags for addresses and names apply to the first network', () => {
  const body = request(
    '--network',
    'n1',
    '--network',
    'name=n2,alias=x',
    '--ip',
    '10.0.0.5',
    '--network-alias',
    'a',
  );
  assert.equal(body.HostConfig?.NetworkMode, 'n1');
  assert.deepEqual(body.NetworkingConfig?.EndpointsConfig, {
    n1: { Aliases: ['a'], IPAMConfig: { IPv4Address: '10.0.0.5' } },
    n2: { Aliases: ['x'] },
  });
});

test('contradicting options are rejected', () => {
  const cases: [string[], string][] = [
    [['--rm', '--restart', 'always'], 'conflicting options: cannot specify both --restart and --rm'],
    [['--no-healthcheck', '--health-cmd', 'x'], '--no-healthcheck conflicts with --health-* options'],
    [['--health-interval', '-5s'], '--health-interval cannot be negative'],
    [['--network-alias', 'x'], 'network-scoped aliases are only supported for user-defined networks'],
    [['--mac-address', 'x'], 'x is not a valid mac address'],
    [['--pid', 'foo'], '--pid: invalid PID mode'],
    [['--security-opt', 'foo'], 'Invalid --security-opt: "foo"'],
    [['--storage-opt', 'x'], 'invalid storage option'],
    [['-v', ':/b'], 'invalid spec: :/b: empty section between colons'],
    [['--device', 'none'], 'none is not an absolute path'],
    [
      ['--security-opt', 'seccomp=/none'],
      'opening seccomp profile (/none) failed: open /none: no such file or directory',
    ],
    [
      ['--network', 'host', '--network', 'n'],
      'conflicting options: cannot attach both user-defined and non-user-defined network-modes',
    ],
    [
      ['--network', 'name=n,ip=1.2.3.4', '--ip', '1.2.3.5'],
      'conflicting options: cannot specify both --ip and per-network IPv4 address',
    ],
    [['--dns-search', 'a_b'], 'invalid argument "a_b" for "--dns-search" flag: a_b is not a valid domain'],
    [
      ['--device-cgroup-rule', 'x'],
      'invalid argument "x" for "--device-cgroup-rule" flag: invalid device cgroup format \'x\'',
    ],
    [
      ['--blkio-weight-device', '/dev/sda:5'],
      'invalid argument "/dev/sda:5" for "--blkio-weight-device" flag: invalid weight for device: /dev/sda:5',
    ],
    [['--memory-swappiness', '200'], 'invalid value: 200. Valid memory swappiness range is 0-100'],
  ];
  for (const [words, message] of cases) assert.throws(() => request(...words), { message });
});

test('every flag of docker run exists', async () => {
  const { command } = await import('../commands/run.ts');
  const names = new Set(command.flags.map(({ name }) => name));
  for (const name of [
    'add-host',
    'blkio-weight-device',
    'cgroupns',
    'gpus',
    'io-maxiops',
    'kernel-memory',
    'use-api-socket',
    'sig-proxy',
  ]) {
    assert.ok(names.has(name), name);
  }
  assert.equal(names.size, command.flags.length);
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type DaemonOptions, helpText, parseDaemonOptions } from '../options.ts';
import { textLine } from '../text-log.ts';
import { SETTINGS } from './table.ts';

const directory = mkdtempSync(join(tmpdir(), 'barge-options-'));
after(() => rmSync(directory, { recursive: true }));

function parse(args: readonly string[], program?: string): DaemonOptions {
  const parsed = parseDaemonOptions(args, program);
  assert.equal(parsed.kind, 'run');
  return (parsed as { options: DaemonOptions }).options;
}

function fromFile(content: object): DaemonOptions {
  const path = join(directory, 'daemon.json');
  writeFileSync(path, JSON.stringify(content));
  return parse(['--config-file', path]);
}

/** Each as flags and as the file has it: both must mean the same. */
const SAME: readonly (readonly [args: readonly string[], file: object])[] = [
  [
    ['--log-driver', 'local', '--log-opt', 'max-size=1m'],
    { 'log-driver': 'local', 'log-opts': { 'max-size': '1m' } },
  ],
  [['--default-ulimit=nofile=1:2'], { 'default-ulimits': { nofile: { Name: 'nofile', Soft: 1, Hard: 2 } } }],
  [['--default-shm-size', '128m'], { 'default-shm-size': 134217728 }],
  [['--add-runtime', 'x=/bin/x'], { runtimes: { x: { path: '/bin/x' } } }],
  [['--icc=false', '--mtu', '1400'], { icc: false, mtu: 1400 }],
  [
    ['--default-address-pool', 'base=10.1.0.0/16,size=24'],
    { 'default-address-pools': [{ base: '10.1.0.0/16', size: 24 }] },
  ],
  [['--dns', '1.1.1.1', '--dns=::1', '--dns-search', 'a'], { dns: ['1.1.1.1', '::1'], 'dns-search': ['a'] }],
  [['--http-proxy', 'http://p'], { proxies: { 'http-proxy': 'http://p' } }],
  [['--label', 'a=b', '--init', '-D'], { labels: ['a=b'], init: true, debug: true }],
  [
    ['--default-network-opt', 'bridge=com.docker.network.driver.mtu=1'],
    { 'default-network-opts': { bridge: { 'com.docker.network.driver.mtu': '1' } } },
  ],
  [['--registry-mirror', 'https://m/'], { 'registry-mirrors': ['https://m'] }],
];

for (const [args, file] of SAME) {
  test(`${args.join(' ')} is the same in daemon.json`, () => {
    const { configFile: _, ...flags } = parse(args);
    const { configFile: __, ...settings } = fromFile(file);
    assert.deepEqual(flags, settings);
    const { configFile: ___, ...unset } = parse([]);
    assert.notDeepEqual(flags, unset, 'and has an effect');
  });
}

for (const [args, words] of [
  [['--userns-remap', 'default'], /--userns-remap is not supported by Barge/],
  [['--selinux-enabled'], /--selinux-enabled is not supported/],
  [['--storage-driver', 'btrfs'], /--storage-driver btrfs is not supported by Barge: overlay2/],
  [['--exec-opt', 'native.cgroupdriver=systemd'], /native.cgroupdriver=systemd is not supported/],
  [['--log-driver', 'fluentd'], /no log driver named 'fluentd'/],
  [['--log-opt', 'foo=1'], /unknown log opt 'foo' for json-file/],
  [['--dns', 'x'], /invalid value "x" for --dns: want an IP address/],
  [['--mtu', 'x'], /invalid argument "x" for "--mtu"/],
  [['--icc=x'], /want true or false/],
  [['--add-runtime', 'runc=/x'], /runtime name 'runc' is reserved/],
  [['--add-runtime', 'x'], /want KEY=VALUE/],
  [['--default-ulimit', 'nofile=a'], /invalid argument "nofile=a"/],
  [['--registry-mirror', 'x'], /invalid mirror: "x"/],
  [['--label', 'x'], /bad attribute format: x/],
  [['--max-concurrent-downloads', '0'], /want at least 1/],
  [['--default-address-pool', 'x'], /invalid default address pool/],
  [['--seccomp-profile', '/nonexistent'], /opening seccomp profile/],
  [['--data-rot', 'x'], /unknown flag: --data-rot: did you mean --data-root\?/],
  [['--data-root'], /flag needs an argument: --data-root/],
  [['serve'], /unexpected argument "serve"/],
] as readonly [string[], RegExp][]) {
  test(`refused: ${args.join(' ')}`, () => assert.throws(() => parseDaemonOptions(args), words));
}

test('what dockerd’s service files set is taken, and what it means here is told', () => {
  const { hosts, notes } = parse([
    '-H',
    'fd://',
    '--containerd=/run/c.sock',
    '--live-restore',
    '-s',
    'overlay2',
  ]);
  assert.deepEqual(hosts, ['fd://']);
  assert.deepEqual(notes.length, 2);
  assert.match(notes.join(), /--containerd has no effect.*--live-restore has no effect/);
});

test('under docker’s name the daemon is where docker’s is', () => {
  const { hosts, pidfile, group } = parse([], 'dockerd');
  assert.deepEqual(
    [hosts, pidfile, group],
    [['unix:///var/run/docker.sock'], '/var/run/docker.pid', 'docker'],
  );
  assert.match(helpText('dockerd'), /^Usage: dockerd/);
});

test('the help names every flag that works, and no other', () => {
  const help = helpText();
  for (const { name, kind, refused, idle } of SETTINGS) {
    const shown = help.includes(` --${name}`);
    if (kind !== 'json') assert.equal(shown, !refused && !idle, name);
  }
  assert.ok(help.split('\n').every((line) => line.length <= 120));
});

test('settings can be checked without starting anything', () => {
  assert.equal(parseDaemonOptions(['--validate', '--mtu', '1400']).kind, 'valid');
  assert.throws(() => parseDaemonOptions(['--validate', '--rootless']), /Barge needs root/);
});

test('the log as text', () => {
  const line = textLine('{"level":40,"time":0,"pid":1,"name":"barged","a":"b c","n":1,"msg":"hi"}');
  assert.equal(line, 'time="1970-01-01T00:00:00.000Z" level=warning msg="hi" a="b c" n=1\n');
});

test('a host that is named twice is listened at once', () => {
  const hosts = (...names: string[]) => parse(names.flatMap((name) => ['-H', name])).hosts;
  assert.deepEqual(hosts('unix:///a', 'unix:///b', 'unix:///a'), ['unix:///a', 'unix:///b']);
  assert.deepEqual(hosts('tcp://127.0.0.1:2375', 'tcp://:2375', '127.0.0.1', 'tcp://127.0.0.1'), [
    'tcp://127.0.0.1:2375',
  ]);
  assert.deepEqual(hosts('tcp://[::1]:1', 'tcp://[::1]:2', 'tcp://[::1]:1'), [
    'tcp://[::1]:1',
    'tcp://[::1]:2',
  ]);
  assert.equal(hosts('tcp://127.0.0.1:0', 'tcp://127.0.0.1:0').length, 2);
  assert.deepEqual(hosts('fd://', 'fd://'), ['fd://']);
});

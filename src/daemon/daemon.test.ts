import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseFilters } from '../engine/filters.ts';
import { type DaemonOptions, parseDaemonOptions } from './options.ts';
import { detachFilter, parseDetachKeys } from './streams.ts';

const directory = mkdtempSync(join(tmpdir(), 'barge-options-'));
after(() => rmSync(directory, { recursive: true }));

function options(...args: string[]): DaemonOptions {
  const parsed = parseDaemonOptions(args);
  assert.equal(parsed.kind, 'run');
  return (parsed as { options: DaemonOptions }).options;
}

function file(content: unknown): string {
  const path = join(directory, `${Math.random()}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

test('flags and daemon.json make the settings together', () => {
  const path = file({ 'data-root': '/d', hosts: ['unix:///s', 'tcp://127.0.0.1:1'], 'log-level': 'warn' });
  const { dataRoot, hosts, logLevel, network } = options('--config-file', path, '--bridge', 'b1');
  assert.deepEqual(
    { dataRoot, hosts, logLevel, bridge: network.bridge },
    {
      dataRoot: '/d',
      hosts: ['unix:///s', 'tcp://127.0.0.1:1'],
      logLevel: 'warn',
      bridge: 'b1',
    },
  );
});

const WRONG: readonly (readonly [title: string, args: () => string[], message: RegExp])[] = [
  ['an unknown flag, with a suggestion', () => ['--data-rot', '/x'], /did you mean --data-root/],
  [
    'a setting in both places',
    () => ['--config-file', file({ bridge: 'x' }), '--bridge', 'y'],
    /both as a flag and in the configuration file: bridge/,
  ],
  [
    'an unknown directive',
    () => ['--config-file', file({ nonsense: 1 })],
    /don't match any configuration option: nonsense/,
  ],
  [
    'a directive of the wrong type',
    () => ['--config-file', file({ bridge: 1 })],
    /"bridge" has the wrong type/,
  ],
  ['a file that is not JSON', () => ['--config-file', file('{')], /unable to configure the daemon with file/],
  ['a file that is not there', () => ['--config-file', join(directory, 'none.json')], /does not exist/],
  ['an unknown log level', () => ['--log-level', 'loud'], /unknown log level "loud"/],
  ['TLS without a key', () => ['--tls'], /TLS needs --tlscert and --tlskey/],
];

for (const [title, args, message] of WRONG) {
  test(`${title} is refused`, () => assert.throws(() => parseDaemonOptions(args()), message));
}

test('detach keys are read as docker writes them', () => {
  assert.deepEqual([...parseDetachKeys('')], [0x10, 0x11]);
  assert.deepEqual([...parseDetachKeys('ctrl-a,b')], [1, 98]);
  assert.throws(() => parseDetachKeys('ctrl-'), /Invalid escape keys/);
});

test('input passes until the detach keys come, wherever chunks are cut', async () => {
  let detached = false;
  const out: Buffer[] = [];
  const filter = detachFilter(Buffer.from([0x10, 0x11]), () => {
    detached = true;
  });
  filter.on('data', (chunk) => out.push(chunk));
  for (const part of ['a\x10', 'b', '\x10\x10', '\x11']) filter.write(part);
  assert.equal(Buffer.concat(out).toString(), 'a\x10b\x10');
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(detached);
});

test('filters come in two shapes', () => {
  assert.deepEqual(parseFilters('{"label":["a","b=c"]}').get('label'), ['a', 'b=c']);
  assert.deepEqual(parseFilters('{"label":{"a":true,"b":false}}').get('label'), ['a']);
  for (const wrong of ['{', '[]', '{"a":1}']) assert.throws(() => parseFilters(wrong), /invalid filter/);
});

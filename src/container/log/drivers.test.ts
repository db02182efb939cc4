import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LinuxDatagrams } from '../../host/linux/datagrams.ts';
import { containerSpec } from '../default-spec.ts';
import type { ContainerDefinition } from '../model.ts';
import { expandTag, logAttributes } from './attributes.ts';
import { checkLog, mergeLog, recordSettings } from './drivers.ts';
import { forwardLog } from './forward.ts';
import { journalFields } from './journald.ts';
import type { LogLine } from './read.ts';
import type { LogSink } from './sink.ts';
import { openSyslog, syslogMessage } from './syslog.ts';
import { logRecord } from './testing.ts';

const DEFINITION: ContainerDefinition = {
  id: 'abcdef0123456789'.repeat(4),
  name: 'web',
  imageName: 'shop:1',
  imageId: `sha256:${'1'.repeat(64)}`,
  createdAt: 0,
  layers: [],
  mounts: [],
  spec: containerSpec({ labels: { team: 'a', tier: 'b' }, process: { env: ['A=1', 'B=2=3'] } }),
};

const withLog = (Type: string, Config: Record<string, string>): ContainerDefinition => ({
  ...DEFINITION,
  spec: { ...DEFINITION.spec, log: { driver: Type, options: Config } },
});

for (const [Type, Config, words] of [
  ['fluentd', {}, /no log driver named 'fluentd' is registered/],
  ['json-file', { foo: '1' }, /unknown log opt 'foo' for json-file log driver/],
  ['journald', { 'max-size': '1m' }, /unknown log opt 'max-size' for journald/],
  ['json-file', { 'max-size': 'x' }, /invalid size/],
  ['json-file', { 'max-file': '0' }, /max-file must be a number/],
  ['local', { compress: 'x' }, /compress must be true or false/],
  ['local', { mode: 'x' }, /logging mode not supported: x/],
  ['local', { 'max-buffer-size': '1m' }, /only supported with 'mode=non-blocking'/],
  ['json-file', { tag: '{{.Nope}}' }, /invalid log tag .*\.ImageName/],
  ['json-file', { 'labels-regex': '(' }, /invalid labels-regex/],
  ['syslog', { 'syslog-address': 'ftp://x' }, /invalid syslog-address/],
  ['syslog', { 'syslog-facility': 'x' }, /invalid syslog facility/],
  ['syslog', { 'syslog-format': 'x' }, /Invalid syslog format/],
] as const) {
  test(`refused: ${Type} ${JSON.stringify(Config)}`, () => {
    assert.throws(() => checkLog({ driver: Type, options: Config }), words);
  });
}

test('the daemon’s options go to its own driver only', () => {
  const defaults = { logDriver: 'local', logOptions: { 'max-size': '1m' } };
  assert.deepEqual(mergeLog({ driver: '', options: {} }, defaults), {
    driver: 'local',
    options: { 'max-size': '1m' },
  });
  assert.deepEqual(mergeLog({ driver: 'json-file', options: {} }, defaults), {
    driver: 'json-file',
    options: {},
  });
});

test('records are bounded unless asked otherwise', () => {
  assert.deepEqual(recordSettings({ driver: 'json-file', options: {} }), {
    maxSize: 20 << 20,
    maxFiles: 5,
    compress: false,
  });
  assert.equal(recordSettings({ driver: 'none', options: {} }), undefined);
  assert.equal(recordSettings({ driver: 'local', options: {} })?.compress, true);
  assert.equal(recordSettings({ driver: 'syslog', options: { 'cache-max-size': '1k' } })?.maxSize, 1024);
  assert.equal(
    recordSettings({ driver: 'json-file', options: { 'max-size': '-1' } })?.maxSize,
    Number.MAX_SAFE_INTEGER,
  );
});

test('tags and attributes', () => {
  assert.equal(expandTag('{{.Name}}/{{ .ID }}', DEFINITION), 'web/abcdef012345');
  const chosen = withLog('json-file', { labels: 'team', 'env-regex': '^B', tag: 't-{{.ImageName}}' });
  assert.deepEqual(logAttributes(chosen), { team: 'a', B: '2=3', tag: 't-shop:1' });
  assert.equal(journalFields(withLog('journald', { labels: 'tier' })).TIER, 'b');
});

const LINE: LogLine = { stream: 2, time: 1_700_000_000_123_456_789n, text: Buffer.from('oops\n') };

test('syslog’s formats', () => {
  const of = (format: '' | 'rfc3164' | 'rfc5424micro') =>
    syslogMessage(LINE, { facility: 3, format }, 'tag').toString();
  assert.match(of(''), /^<27>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d tag\[\d+\]: oops\n$/);
  assert.match(of('rfc3164'), /^<27>\w{3} [ \d]\d \S+ \S+ tag\[\d+\]: oops\n$/);
  assert.match(of('rfc5424micro'), /^<27>1 2023-11-14T22:13:20\.123456Z \S+ tag \d+ tag - oops\n$/);
});

test('lines reach a syslog server over TCP and UDP', async (t) => {
  const server = createServer();
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const connection = once(server, 'connection');
  const sink = await openSyslog(
    new LinuxDatagrams(),
    withLog('syslog', { 'syslog-address': `tcp://127.0.0.1:${port}`, tag: 'x' }),
  );
  const [socket] = await connection;
  const received = once(socket, 'data');
  await sink.send(LINE);
  const [data] = await received;
  assert.match(`${data}`, /x\[\d+\]: oops\n$/);
  await sink[Symbol.asyncDispose]();
  const udp = createSocket('udp4').bind(0, '127.0.0.1');
  await once(udp, 'listening');
  const address = `udp://127.0.0.1:${udp.address().port}`;
  const second = await openSyslog(
    new LinuxDatagrams(),
    withLog('syslog', { 'syslog-address': address, 'syslog-facility': 'local0' }),
  );
  const arrival = once(udp, 'message');
  await second.send(LINE);
  const [message] = await arrival;
  assert.match(`${message}`, /^<131>/);
  await second[Symbol.asyncDispose]();
  udp.close();
});

test('forwarding goes on where it was, after failures too, with each line once', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'barge-forward-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'log');
  const seen: string[] = [];
  let failures = 2;
  const told: unknown[] = [];
  const open = async (): Promise<LogSink> => ({
    send: async ({ text }) => {
      if (text.toString() === 'b\n' && failures-- > 0) throw new Error('away');
      seen.push(text.toString());
    },
    [Symbol.asyncDispose]: async () => {},
  });
  const job = (ended: Promise<void>) => ({
    path,
    placeFile: join(directory, 'place'),
    open,
    ended,
    signal: new AbortController().signal,
    onFailure: (error: unknown) => told.push(error),
  });
  await appendFile(path, Buffer.concat([logRecord('a\nb\n', 5), logRecord('c\n', 5)]));
  await forwardLog(job(Promise.resolve()));
  await appendFile(path, Buffer.concat([logRecord('d\n', 5), logRecord('e\n', 6)]));
  await forwardLog(job(Promise.resolve()), await open());
  assert.deepEqual(seen, ['a\n', 'b\n', 'c\n', 'd\n', 'e\n']);
  assert.equal(told.length, 1);
});

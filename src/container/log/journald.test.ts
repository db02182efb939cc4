import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LinuxDatagrams } from '../../host/linux/datagrams.ts';
import { containerSpec } from '../default-spec.ts';
import type { ContainerDefinition } from '../model.ts';
import { openJournald } from './journald.ts';

/** A receiver of datagrams, which Node cannot be: one line of hexadecimal digits for each. */
const RECEIVER = `
  use Socket; $| = 1;
  socket(S, AF_UNIX, SOCK_DGRAM, 0) or die; unlink $ARGV[0];
  bind(S, sockaddr_un($ARGV[0])) or die; print "ready\\n";
  while (defined(recv(S, my $m, 1 << 20, 0))) { print unpack("H*", $m), "\\n" }`;

async function receive(t: TestContext, path: string): Promise<() => Promise<Buffer>> {
  const child = spawn('perl', ['-e', RECEIVER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  const line = async () => {
    while (!text.includes('\n')) await once(child.stdout, 'data');
    const end = text.indexOf('\n');
    const found = text.slice(0, end);
    text = text.slice(end + 1);
    return found;
  };
  assert.equal(await line(), 'ready');
  return async () => Buffer.from(await line(), 'hex');
}

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'bs-journal-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

const DEFINITION: ContainerDefinition = {
  id: 'ab'.repeat(32),
  name: 'web',
  imageName: 'shop',
  imageId: '',
  createdAt: 0,
  layers: [],
  mounts: [],
  spec: containerSpec({
    labels: { 'my.team': 'a' },
    log: { driver: 'journald', options: { labels: 'my.team' } },
  }),
};

test('an entry of the journal has the container’s fields and the line as it is', async (t) => {
  const socket = join(await directory(t), 'socket');
  const next = await receive(t, socket);
  await using sink = await openJournald(new LinuxDatagrams(), DEFINITION, socket);
  await sink.send({ stream: 2, time: 1_700_000_000_000_000_000n, text: Buffer.from('oops\n') });
  const entry = (await next()).toString();
  assert.deepEqual(entry.split('\n').filter(Boolean).sort(), [
    'CONTAINER_ID=abababababab',
    `CONTAINER_ID_FULL=${'ab'.repeat(32)}`,
    'CONTAINER_NAME=web',
    'CONTAINER_TAG=abababababab',
    'IMAGE_NAME=shop',
    'MESSAGE=oops',
    'MY_TEAM=a',
    'PRIORITY=3',
    'SYSLOG_IDENTIFIER=abababababab',
    'SYSLOG_TIMESTAMP=2023-11-14T22:13:20.000Z',
  ]);
  await sink.send({ stream: 1, time: 0n, text: Buffer.from('a\rb\nc') });
  const second = await next();
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(5n);
  assert.ok(second.includes(Buffer.concat([Buffer.from('MESSAGE\n'), length, Buffer.from('a\rb\nc\n')])));
  assert.ok(second.includes('CONTAINER_PARTIAL_MESSAGE=true\n'));
});

test('a receiver that is away for a while misses nothing', async (t) => {
  const path = join(await directory(t), 'socket');
  const first = spawn('perl', ['-e', RECEIVER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(first.stdout, 'data');
  await using sender = await new LinuxDatagrams().open(path);
  first.kill('SIGKILL');
  await once(first, 'exit');
  await sender.send(Buffer.from('late'));
  const next = await receive(t, path);
  assert.equal(`${await next()}`, 'late');
});

test('hosts without a journal say so', async (t) => {
  const missing = join(await directory(t), 'socket');
  await assert.rejects(
    openJournald(new LinuxDatagrams(), DEFINITION, missing),
    /journald is not enabled on this host/,
  );
});

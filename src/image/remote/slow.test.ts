/** A server that sends single bytes to look alive times out like one that sends none. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MEDIA_TYPE } from '../../api/oci-image.ts';
import { digestOf } from '../../core/digest.ts';
import { someBytes } from '../../registry/testing/push.ts';
import { RemoteRepository } from './remote-repository.ts';
import { fails } from './testing/fails.ts';
import { startScript } from './testing/scripted-server.ts';

const bytes = someBytes(300_000);
const blob = { digest: digestOf(bytes), size: bytes.length };
const TOO_SLOW = fails('unavailable', /i\/o timeout: only \d+ bytes in 1 s/);
const impatient = { idleTimeout: 600, retryDelay: 1, maxTries: 2 };
const repository = (domain: string) => new RemoteRepository({ domain, path: 'app' }, impatient);

/** Sends a byte twenty times a second. */
function drip(to: ServerResponse | Socket, byte: string): void {
  const timer = setInterval(() => to.write(byte), 50);
  to.on('close', () => clearInterval(timer)).on('error', () => {});
}

test('a manifest or a blob that trickles times out', async () => {
  await using server = await startScript(({ url }, response) => {
    response.writeHead(200, { 'Content-Type': MEDIA_TYPE.ociManifest });
    if (url?.includes('/blobs/')) response.write(bytes.subarray(0, 1000));
    drip(response, ' ');
  });
  using remote = repository(server.host);
  await assert.rejects(remote.manifest('1'), TOO_SLOW);
  await assert.rejects(remote.blob(blob).then(buffer), TOO_SLOW);
  assert.equal(server.requests.length, 4, 'each is tried twice');
});

test('headers that trickle time out', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('HTTP/1.1 200 OK\r\nA: ');
    drip(socket, 'a');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    using remote = repository(`127.0.0.1:${(server.address() as { port: number }).port}`);
    await assert.rejects(remote.manifest('1'), fails('unavailable', /i\/o timeout|socket hang up|timed out/));
  } finally {
    server.close();
  }
});

test('a slow reader is not mistaken for a slow registry', async () => {
  await using server = await startScript((_, response) => response.end(bytes));
  using remote = repository(server.host);
  const stream = await remote.blob(blob);
  await sleep(1500);
  assert.deepEqual(await buffer(stream), bytes);
});

import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { MEDIA_TYPE } from '../../api/oci-image.ts';
import { digestOf } from '../../core/digest.ts';
import { someBytes } from '../../registry/testing/push.ts';
import { RemoteRepository } from './remote-repository.ts';
import { fails } from './testing/fails.ts';
import { type Script, type ScriptedServer, startScript } from './testing/scripted-server.ts';

const bytes = someBytes(200_000);
const blob = { digest: digestOf(bytes), size: bytes.length };

function remoteOf(server: ScriptedServer, options = {}): RemoteRepository {
  return new RemoteRepository({ domain: server.host, path: 'app' }, { retryDelay: 1, ...options });
}

const offsetOf = (request: IncomingMessage): number =>
  Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);

/** Sends `count` bytes of the requested range, then cuts the connection. */
function sendPart(request: IncomingMessage, response: ServerResponse, count: number): void {
  const start = offsetOf(request);
  const headers = { 'Content-Length': bytes.length - start };
  if (start > 0) {
    const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(206, { ...headers, 'Content-Range': range });
  } else response.writeHead(200, headers);
  const part = bytes.subarray(start, start + count);
  response.write(part, () => (start + count >= bytes.length ? response.end() : response.destroy()));
}

test('a download resumes after a broken connection', async () => {
  await using server = await startScript((request, response) => sendPart(request, response, 60_000));
  using remote = remoteOf(server);
  assert.deepEqual(await buffer(await remote.blob(blob)), bytes);
  assert.equal(server.requests.length, 4);
  assert.ok(offsetOf(server.requests[3] as IncomingMessage) > 0);
});

test('a registry without ranges is read again from the start', async () => {
  let first = true;
  await using server = await startScript((request, response) => {
    delete request.headers.range;
    sendPart(request, response, first ? 50_000 : bytes.length);
    first = false;
  });
  using remote = remoteOf(server);
  assert.deepEqual(await buffer(await remote.blob(blob)), bytes);
});

test('a download that always breaks at the same offset fails', async () => {
  await using server = await startScript((request, response) =>
    offsetOf(request) === 0 ? sendPart(request, response, 1000) : response.destroy(),
  );
  using remote = remoteOf(server);
  await assert.rejects(buffer(await remote.blob(blob)), fails('unavailable', /^Get "http:.*blobs\/sha256:/));
  assert.ok(server.requests.length <= 6);
});

test('wrong bytes are rejected by digest, and so are too many or too few', async () => {
  const wrong: [string, Buffer, RegExp][] = [
    ['other bytes', Buffer.alloc(bytes.length), /^filesystem layer verification failed for digest sha256:/],
    ['more bytes', Buffer.concat([bytes, bytes]), /has more than the 200000 bytes/],
  ];
  for (const [name, content, message] of wrong) {
    await using server = await startScript((_, response) => response.end(content));
    using remote = remoteOf(server);
    const message2 = new RegExp(message.source);
    await assert.rejects(buffer(await remote.blob(blob)), fails('data-loss', message2), name);
    assert.match(String(server.requests[0]?.url), /blobs\/sha256:/);
  }
  await using short = await startScript((_, response) => response.end(bytes.subarray(0, 10)));
  using remote = remoteOf(short);
  await assert.rejects(buffer(await remote.blob(blob)), fails('unavailable', /unexpected EOF/));
});

test('a response with a range other than the requested one is rejected', async () => {
  await using server = await startScript((request, response) => {
    if (offsetOf(request) === 0) sendPart(request, response, 1000);
    else response.writeHead(206, { 'Content-Range': `bytes 5-9/${bytes.length}` }).end('12345');
  });
  using remote = remoteOf(server);
  await assert.rejects(buffer(await remote.blob(blob)), fails('data-loss', /different range/));
});

test('destroying the stream ends the download', async () => {
  await using server = await startScript((_, response) =>
    response.writeHead(200).write(bytes.subarray(0, 10)),
  );
  using remote = remoteOf(server);
  const stream = await remote.blob(blob);
  const closed = new Promise((resolve) => server.requests[0]?.socket.once('close', resolve));
  stream.destroy();
  await closed;
});

test('a manifest that does not match the requested or announced digest is rejected', async () => {
  const manifest = '{"schemaVersion":2}';
  const headers = { 'Content-Type': MEDIA_TYPE.ociManifest, 'Docker-Content-Digest': digestOf('x') };
  await using server = await startScript((_, response) => response.writeHead(200, headers).end(manifest));
  using remote = remoteOf(server);
  const message = /^manifest verification failed for digest sha256:/;
  await assert.rejects(remote.manifest('v1'), fails('data-loss', message));
  await assert.rejects(remote.manifest(blob.digest), fails('data-loss', message));
});

test('a manifest of more than 4 MiB is rejected', async () => {
  await using server = await startScript((_, response) => response.end(Buffer.alloc(4 * 1024 * 1024 + 1)));
  using remote = remoteOf(server);
  await assert.rejects(remote.manifest('v1'), fails('data-loss', /larger than 4194304 bytes/));
});

test('where the response to HEAD is insufficient, GET resolves a tag', async () => {
  const manifest = Buffer.from(`{"schemaVersion":2,"mediaType":"${MEDIA_TYPE.dockerManifest}"}`);
  await using server = await startScript((request, response) =>
    request.method === 'HEAD' ? response.writeHead(405).end() : response.end(manifest),
  );
  using remote = remoteOf(server);
  const expected = {
    mediaType: MEDIA_TYPE.dockerManifest,
    digest: digestOf(manifest),
    size: manifest.length,
  };
  assert.deepEqual(await remote.resolve('v1'), expected);
});

test('a request to a busy registry is retried after the requested delay', async () => {
  const statuses = [503, 429, 502];
  await using server = await startScript((_, response) => {
    const status = statuses.pop();
    if (status) response.writeHead(status, { 'Retry-After': '0' }).end();
    else response.end(bytes);
  });
  using remote = remoteOf(server);
  assert.deepEqual(await buffer(await remote.blob(blob)), bytes);
});

test('requests to a broken registry fail with the registry’s message', async () => {
  const answer = JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message: 'slow down' }] });
  await using server = await startScript((_, response) => response.writeHead(429).end(answer));
  using remote = remoteOf(server);
  await assert.rejects(remote.manifest('v1'), fails('unavailable', /^toomanyrequests: slow down$/));
  assert.equal(server.requests.length, 5);
});

const denied = JSON.stringify({
  errors: [{ code: 'DENIED', message: 'requested access to the resource is denied' }],
});

test('a denied pull is reported in Docker’s words', async () => {
  await using server = await startScript((_, response) => response.writeHead(403).end(denied));
  using remote = remoteOf(server);
  const words = [
    `pull access denied for ${server.host}/app, repository does not exist or may require 'docker login': `,
    'denied: requested access to the resource is denied',
  ];
  await assert.rejects(remote.resolve('v1'), fails('not-found', new RegExp(`^${words.join('')}$`)));
  const push = remote.putManifest('v1', MEDIA_TYPE.ociManifest, Buffer.from('{}'));
  await assert.rejects(push, fails('forbidden', /^denied: requested access to the resource is denied$/));
});

test('redirects are followed, and other hosts never receive the credentials', async () => {
  const auth = { username: 'anna', password: 'secret' };
  await using store = await startScript((_, response) => response.end(bytes));
  const script: Script = ({ headers, url }, response) => {
    if (headers.authorization === undefined) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end();
    } else if (url === '/v2/') response.end();
    else if (url?.endsWith('?again')) response.writeHead(302, { Location: `${store.url}/stored` }).end();
    else response.writeHead(307, { Location: '?again' }).end();
  };
  await using server = await startScript(script, { answersRoot: true });
  using remote = remoteOf(server, { auth });
  assert.deepEqual(await buffer(await remote.blob(blob)), bytes);
  assert.match(server.requests.at(-1)?.headers.authorization ?? '', /^Basic /);
  assert.equal(store.requests[0]?.headers.authorization, undefined);
});

test('endless redirects fail', async () => {
  await using server = await startScript((_, response) => response.writeHead(302, { Location: '?x' }).end());
  using remote = remoteOf(server);
  await assert.rejects(remote.blob(blob), fails('unavailable', /stopped after 10 redirects/));
});

/** What a hostile client sends to the registry: each refused with a clear error, memory bounded, the store unchanged. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import http from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { pino } from 'pino';
import { MEDIA_TYPE } from '../src/api/oci-image.ts';
import { digestOf } from '../src/core/digest.ts';
import { createRequestHandler } from '../src/registry/request-handler.ts';
import { RegistryServer } from '../src/registry/server.ts';
import { openFileSystem } from '../src/registry/storage/file-system/open.ts';
import { descriptorOf, someBytes } from '../src/registry/testing/push.ts';
import {
  type RegistryProcess,
  runRegistry,
  spawnRegistry,
} from '../src/registry/testing/registry-process.ts';
import { temporaryDirectory } from '../src/registry/testing/temporary-directory.ts';

const MIB = 1 << 20;
/** Uploads at once: several thousand when BARGE_REGISTRY_UPLOADS says so. */
const UPLOADS = Number(process.env.BARGE_REGISTRY_UPLOADS ?? 1000);
/** Bytes that the registry may grow by, whatever it is sent. */
const MAX_GROWTH = 200 * MIB;

const rssOf = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;

type Headers = Readonly<Record<string, string | number>>;

/** Sends `write`'s bytes until the registry answers. */
async function send(
  method: string,
  url: string,
  headers: Headers,
  write: (request: http.ClientRequest) => void,
) {
  const request = http.request(url, { method, headers, agent: false });
  request.on('error', () => {});
  const answered = once(request, 'response') as Promise<[http.IncomingMessage]>;
  write(request);
  const [response] = await answered;
  const body = await text(response);
  request.destroy();
  return {
    status: response.statusCode,
    codes: (JSON.parse(body).errors as { code: string }[]).map(({ code }) => code),
  };
}

/** Writes zeros for as long as anybody reads; up to `limit` bytes. */
function pour(request: http.ClientRequest, limit: number): void {
  const piece = Buffer.alloc(256 * 1024, 'a');
  let sent = 0;
  const more = () => {
    while (sent < limit && !request.destroyed) {
      sent += piece.length;
      if (!request.write(piece)) {
        request.once('drain', more);
        return;
      }
    }
    request.end();
  };
  more();
}

describe('hostile clients', () => {
  let registry: RegistryProcess;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let app: string;
  let start: number;
  before(async () => {
    directory = await temporaryDirectory();
    registry = await spawnRegistry(['--data-root', directory.path, '--max-blob-size', '50MB']);
    app = `${registry.url}/v2/app`;
    await fetch(`${registry.url}/v2/`);
    start = rssOf(registry.pid);
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  test('a manifest of 100 MB is refused, announced or not', async () => {
    const type = { 'Content-Type': MEDIA_TYPE.ociManifest };
    const announced = { ...type, 'Content-Length': 100 * MIB };
    for (const headers of [announced, type]) {
      const response = await send('PUT', `${app}/manifests/v1`, headers, (request) =>
        pour(request, 100 * MIB),
      );
      assert.deepEqual(response, { status: 413, codes: ['MANIFEST_INVALID'] });
    }
  });

  test('JSON a million levels deep, indexes of forty thousand parts and a part of itself are refused', async () => {
    const put = async (body: string, type: string = MEDIA_TYPE.ociIndex) => {
      const response = await fetch(`${app}/manifests/v1`, {
        method: 'PUT',
        body,
        headers: { 'Content-Type': type },
      });
      const { errors } = (await response.json()) as { errors: { code: string }[] };
      return [response.status, errors[0]?.code, errors.length];
    };
    assert.deepEqual(await put('['.repeat(1e6)), [400, 'MANIFEST_INVALID', 1]);
    assert.deepEqual(await put(`${'{"a":'.repeat(5e5)}1${'}'.repeat(5e5)}`), [400, 'MANIFEST_INVALID', 1]);
    const part = (i: number) => ({ mediaType: 'a', digest: digestOf(String(i)), size: 1 });
    const wide = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociIndex,
      manifests: Array.from({ length: 30_000 }, (_, i) => part(i)),
    };
    assert.deepEqual(await put(JSON.stringify(wide)), [400, 'MANIFEST_BLOB_UNKNOWN', 100]);
    const lie = { ...wide, manifests: [{ ...part(1), size: 2 ** 60 }] };
    assert.deepEqual(await put(JSON.stringify(lie)), [400, 'MANIFEST_INVALID', 1]);
  });

  test('indexes in indexes, however deep, are taken and collected without harm', async () => {
    let child = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [] }),
    );
    for (let depth = 0; depth < 300; depth++) {
      const response = await fetch(`${registry.url}/v2/deep/manifests/${digestOf(child)}`, {
        method: 'PUT',
        body: new Uint8Array(child),
        headers: { 'Content-Type': MEDIA_TYPE.ociIndex },
      });
      assert.equal(response.status, 201);
      const manifests = [descriptorOf(child, MEDIA_TYPE.ociIndex)];
      child = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests }));
    }
    registry.signal('SIGUSR2');
  });

  test('a body without an end is cut at the longest blob, and its upload is as it was', async () => {
    const started = await fetch(`${app}/blobs/uploads/`, { method: 'POST' });
    const location = `${registry.url}${started.headers.get('location')}`;
    await fetch(location, { method: 'PATCH', body: 'kept' });
    const endless = (request: http.ClientRequest) => pour(request, 1e12);
    assert.deepEqual(await send('PATCH', location, {}, endless), { status: 413, codes: ['SIZE_INVALID'] });
    assert.equal((await fetch(location)).headers.get('range'), '0-3');
    const digest = digestOf('never');
    const single = await send('POST', `${app}/blobs/uploads/?digest=${digest}`, {}, endless);
    assert.deepEqual(single, { status: 413, codes: ['SIZE_INVALID'] });
    /* Just as much as announced: anything more would be a second request, and no valid one. */
    const length = 60 * MIB;
    const whole = (request: http.ClientRequest) => pour(request, length);
    assert.equal((await send('PATCH', location, { 'Content-Length': length }, whole)).status, 413);
    assert.equal((await fetch(location, { method: 'DELETE' })).status, 204);
  });

  test('bytes that are not what was announced are not kept', async () => {
    const bytes = new Uint8Array(someBytes(1000));
    const wrong = await fetch(`${app}/blobs/uploads/?digest=${digestOf('other')}`, {
      method: 'POST',
      body: bytes,
    });
    assert.equal(wrong.status, 400);
    for (const digest of [
      'sha256:../../etc/passwd',
      'sha256:',
      `md5:${'0'.repeat(32)}`,
      `sha256:${'Z'.repeat(64)}`,
    ]) {
      const url = `${app}/blobs/uploads/?digest=${encodeURIComponent(digest)}`;
      assert.equal((await fetch(url, { method: 'POST', body: bytes })).status, 400, digest);
    }
  });

  test(`${UPLOADS} uploads at once that stand still are held in little memory, and others are served`, async (t) => {
    const piece = Buffer.alloc(64 * 1024, 'x');
    const requests = await Promise.all(
      Array.from({ length: UPLOADS }, async () => {
        const started = await fetch(`${app}/blobs/uploads/`, { method: 'POST' });
        const url = `${registry.url}${started.headers.get('location')}`;
        const request = http.request(url, { method: 'PATCH', agent: false });
        request.on('error', () => {});
        request.write(piece);
        return request;
      }),
    );
    const at = performance.now();
    assert.equal((await fetch(`${registry.url}/v2/`)).status, 200);
    t.diagnostic(`another request took ${Math.round(performance.now() - at)} ms`);
    for (const request of requests) request.destroy();
  });

  test('after all that memory is bounded and the store as it was', async (t) => {
    const grown = rssOf(registry.pid) - start;
    t.diagnostic(
      `the registry’s peak is ${Math.round(grown / MIB)} MiB above its start at ${Math.round(start / MIB)} MiB`,
    );
    assert.ok(grown < MAX_GROWTH, `grew by ${grown} bytes`);
    assert.deepEqual(await (await fetch(`${registry.url}/v2/_catalog`)).json(), { repositories: ['deep'] });
    assert.deepEqual((await readdir(join(directory.path, 'repositories'))).sort(), ['deep']);
    const { stdout } = await runRegistry(['check', '--deep', '--data-root', directory.path]);
    assert.equal(stdout, 'no problems found\n');
  });
});

test('who sends headers or a body too slowly is cut off; what came of an upload stays', async () => {
  await using directory = await temporaryDirectory();
  const storage = await openFileSystem(directory.path);
  const handler = createRequestHandler({ storage, log: pino({ level: 'silent' }) });
  await using server = new RegistryServer(handler, { idleTimeout: 400, drainTimeout: 100 });
  const url = await server.listen('127.0.0.1', 0);
  const started = await fetch(`${url}/v2/app/blobs/uploads/`, { method: 'POST' });
  const location = started.headers.get('location') ?? '';
  const { port } = new URL(url);
  const slow = async (bytes: string) => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write(bytes);
    const drip = setInterval(() => bytes.endsWith(':') && socket.write('a'), 50);
    await once(socket.resume(), 'close');
    clearInterval(drip);
  };
  await Promise.all([
    slow('GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Slow:'),
    slow(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhello`),
  ]);
  assert.equal((await fetch(`${url}${location}`)).headers.get('range'), '0-4');
});

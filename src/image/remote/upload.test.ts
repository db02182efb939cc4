import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import http from 'node:http';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { digestOf } from '../../core/digest.ts';
import { someBytes } from '../../registry/testing/push.ts';
import { type RegistryProcess, spawnRegistry } from '../../registry/testing/registry-process.ts';
import { temporaryDirectory } from '../../registry/testing/temporary-directory.ts';
import { startTestRegistry } from '../../registry/testing/test-registry.ts';
import { RemoteRepository } from './remote-repository.ts';
import { startScript } from './testing/scripted-server.ts';

const bytes = someBytes(400_000);
const blob = { digest: digestOf(bytes), size: bytes.length };
const source = () => Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)]);

/** Forwards a request to a registry; after `limit` bytes of its body, cuts the connection on both sides. */
function forward(
  request: IncomingMessage,
  response: http.ServerResponse,
  target: string,
  limit = Number.POSITIVE_INFINITY,
): void {
  const { method = 'GET', headers } = request;
  const passed = http.request(`${target}${request.url}`, { method, headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  });
  const cut = () => {
    request.destroy();
    passed.destroy();
  };
  let left = limit;
  passed.on('error', cut);
  request.on('data', (piece: Buffer) => {
    if (left > 0) passed.write(piece.subarray(0, left));
    left -= piece.length;
    if (left > 0) return;
    request.pause();
    setTimeout(cut, 30);
  });
  request.on('end', () => passed.end());
}

test('an upload resumes at the registry’s offset when the connection breaks', async () => {
  await using registry = await startTestRegistry();
  let breaks = 2;
  await using proxy = await startScript((request, response) => {
    const isCut = request.method === 'PATCH' && breaks-- > 0;
    forward(request, response, registry.url, isCut ? 70_000 : undefined);
  });
  using remote = new RemoteRepository({ domain: proxy.host, path: 'app' }, { retryDelay: 50 });
  assert.equal(await remote.uploadBlob(blob, source), 'uploaded');
  assert.equal(await remote.hasBlob(blob.digest), true);
  const patches = proxy.requests.filter(({ method }) => method === 'PATCH');
  const ranges = patches.map(({ headers }) => headers['content-range']);
  assert.deepEqual(ranges, [undefined, '70000-399999', '140000-399999']);
});

test('an upload whose last response was lost is not sent again', async () => {
  await using registry = await startTestRegistry();
  let loses = 1;
  await using proxy = await startScript((request, response) => {
    if (request.method === 'PUT' && loses-- > 0) {
      fetch(`${registry.url}${request.url}`, { method: 'PUT' }).then(() => response.destroy());
    } else forward(request, response, registry.url);
  });
  using remote = new RemoteRepository({ domain: proxy.host, path: 'app' }, { retryDelay: 1 });
  assert.equal(await remote.uploadBlob(blob, source), 'uploaded');
  assert.equal(proxy.requests.filter(({ method }) => method === 'PATCH').length, 1);
});

test('an upload that the registry has lost starts again', async () => {
  await using registry = await startTestRegistry();
  let forgets = 1;
  await using proxy = await startScript((request, response) => {
    if (request.method === 'PATCH' && forgets-- > 0) {
      request.resume();
      response
        .writeHead(404)
        .end('{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"blob upload unknown"}]}');
    } else forward(request, response, registry.url);
  });
  using remote = new RemoteRepository({ domain: proxy.host, path: 'app' }, { retryDelay: 1 });
  assert.equal(await remote.uploadBlob(blob, source), 'uploaded');
  assert.equal(await remote.hasBlob(blob.digest), true);
});

test('an upload survives kill -9 of the registry in the middle of it', async () => {
  await using directory = await temporaryDirectory();
  const args = ['--data-root', directory.path];
  const first = await spawnRegistry(args);
  let current: Promise<RegistryProcess> = Promise.resolve(first);
  // The proxy’s address stays the same while the registry gets a new port.
  await using proxy = await startScript(async (request, response) =>
    forward(request, response, (await current).url),
  );
  let killed = false;
  const killing = () =>
    Readable.from(
      (async function* () {
        yield bytes.subarray(0, 200_000);
        if (!killed) {
          killed = true;
          await new Promise((resolve) => setTimeout(resolve, 100));
          current = first.stop('SIGKILL').then(() => spawnRegistry(args));
        }
        await current;
        yield bytes.subarray(200_000);
      })(),
    );
  using remote = new RemoteRepository({ domain: proxy.host, path: 'app' }, { retryDelay: 50 });
  try {
    assert.equal(await remote.uploadBlob(blob, killing), 'uploaded');
    assert.equal(await remote.hasBlob(blob.digest), true);
    const resumed = proxy.requests.filter(({ headers }) => headers['content-range'] !== undefined);
    assert.equal(resumed[0]?.headers['content-range'], '200000-399999');
  } finally {
    await (await current)[Symbol.asyncDispose]();
  }
});

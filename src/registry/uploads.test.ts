import assert from 'node:assert/strict';
import { utimes } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '../core/digest.ts';
import { codesOf, pushBlob, someBytes } from './testing/push.ts';
import { startTestRegistry, type TestRegistry } from './testing/test-registry.ts';

const bytes = someBytes(3000);
const digest = digestOf(bytes);

async function start(registry: TestRegistry, name = 'app'): Promise<string> {
  const response = await fetch(`${registry.url}/v2/${name}/blobs/uploads/`, { method: 'POST' });
  assert.equal(response.status, 202);
  return new URL(response.headers.get('Location') ?? '', registry.url).href;
}

function send(method: 'PATCH' | 'PUT', url: string, start: number, end: number): Promise<Response> {
  return fetch(url, {
    method,
    body: new Uint8Array(bytes.subarray(start, end)),
    headers: { 'Content-Range': `${start}-${end - 1}` },
  });
}

test('POST then PUT uploads a blob', async () => {
  await using registry = await startTestRegistry();
  const location = await start(registry);
  const response = await fetch(`${location}?digest=${digest}`, {
    method: 'PUT',
    body: new Uint8Array(bytes),
  });
  assert.equal(response.status, 201);
  assert.equal(response.headers.get('Location'), `/v2/app/blobs/${digest}`);
  assert.equal((await fetch(location)).status, 404);
});

test('a blob arrives in chunks, the last one with the PUT', async () => {
  await using registry = await startTestRegistry();
  const location = await start(registry);
  const first = await send('PATCH', location, 0, 1000);
  assert.equal(first.status, 202);
  assert.equal(first.headers.get('Range'), '0-999');
  assert.equal((await send('PATCH', location, 1000, 2000)).status, 202);
  const status = await fetch(location);
  assert.equal(status.status, 204);
  assert.equal(status.headers.get('Range'), '0-1999');
  assert.equal((await send('PUT', `${location}?digest=${digest}`, 2000, 3000)).status, 201);
  assert.equal((await fetch(`${registry.url}/v2/app/blobs/${digest}`)).status, 200);
});

test('a chunk out of order is rejected with the offset to continue at', async () => {
  await using registry = await startTestRegistry();
  const location = await start(registry);
  await send('PATCH', location, 0, 1000);
  for (const method of ['PATCH', 'PUT'] as const) {
    const response = await send(method, `${location}?digest=${digest}`, 1500, 2000);
    assert.equal(response.status, 416);
    assert.equal(response.headers.get('Range'), '0-999');
    assert.ok(response.headers.get('Location'));
  }
  assert.equal((await send('PUT', `${location}?digest=${digest}`, 1000, 3000)).status, 201);
});

test('a chunk with a wrong range leaves the upload unchanged', async () => {
  await using registry = await startTestRegistry();
  const location = await start(registry);
  const lie = (range: string) =>
    fetch(location, { method: 'PATCH', body: 'abcde', headers: { 'Content-Range': range } });
  assert.deepEqual(await codesOf(await lie('0-9')), ['SIZE_INVALID']);
  assert.deepEqual(await codesOf(await lie('9-0')), ['RANGE_INVALID']);
  const body = new Blob(['abcde']).stream();
  const streamed = await fetch(location, {
    method: 'PATCH',
    body,
    duplex: 'half',
    headers: { 'Content-Range': '0-2' },
  });
  assert.deepEqual(await codesOf(streamed), ['SIZE_INVALID']);
  assert.equal((await fetch(location)).headers.get('Range'), '0-0');
});

test('when the sender disconnects, the upload resumes after the received bytes', async () => {
  await using registry = await startTestRegistry();
  const location = await start(registry);
  const request = http.request(location, { method: 'PATCH', headers: { 'Content-Length': bytes.length } });
  request.on('error', () => {});
  request.write(bytes.subarray(0, 1234));
  const offset = async () => (await fetch(location)).headers.get('Range');
  while ((await offset()) !== '0-1233') await sleep(5);
  request.destroy();
  assert.equal((await send('PUT', `${location}?digest=${digest}`, 1234, 3000)).status, 201);
});

test('a wrong digest ends the upload', async () => {
  await using registry = await startTestRegistry();
  const location = await start(registry);
  const response = await fetch(`${location}?digest=${digest}`, { method: 'PUT', body: 'wrong' });
  assert.deepEqual(await codesOf(response), ['DIGEST_INVALID']);
  assert.deepEqual(await codesOf(await fetch(location, { method: 'PATCH', body: 'x' })), [
    'BLOB_UPLOAD_UNKNOWN',
  ]);
});

test('a PUT without a digest is rejected and the upload remains', async () => {
  await using registry = await startTestRegistry();
  const location = await start(registry);
  assert.deepEqual(await codesOf(await fetch(location, { method: 'PUT' })), ['DIGEST_INVALID']);
  assert.equal((await fetch(location)).status, 204);
});

test('a cancelled upload no longer exists', async () => {
  await using registry = await startTestRegistry();
  const location = await start(registry);
  assert.equal((await fetch(location, { method: 'DELETE' })).status, 204);
  assert.equal((await fetch(location, { method: 'DELETE' })).status, 404);
});

test('an upload is valid in its own repository only', async () => {
  await using registry = await startTestRegistry();
  const location = await start(registry, 'mine');
  const response = await fetch(location.replace('/v2/mine/', '/v2/yours/'));
  assert.deepEqual(await codesOf(response), ['BLOB_UPLOAD_UNKNOWN']);
});

test('a blob of another repository is mounted without sending it', async () => {
  await using registry = await startTestRegistry();
  await pushBlob(`${registry.url}/v2/source/app`, bytes);
  const mount = (query: string) =>
    fetch(`${registry.url}/v2/target/blobs/uploads/?${query}`, { method: 'POST' });
  const mounted = await mount(`mount=${digest}&from=source/app`);
  assert.equal(mounted.status, 201);
  assert.equal(mounted.headers.get('Location'), `/v2/target/blobs/${digest}`);
  assert.equal((await fetch(`${registry.url}/v2/target/blobs/${digest}`)).status, 200);
});

test('an impossible mount becomes an ordinary upload', async () => {
  await using registry = await startTestRegistry();
  await pushBlob(`${registry.url}/v2/source`, bytes);
  const queries = [
    `mount=${digest}&from=elsewhere`,
    `mount=${digest}&from=../source`,
    `mount=${digest}`,
    'mount=sha256:short&from=source',
  ];
  for (const query of queries) {
    const response = await fetch(`${registry.url}/v2/app/blobs/uploads/?${query}`, { method: 'POST' });
    assert.equal(response.status, 202, query);
    assert.ok(response.headers.get('Location'));
  }
});

test('abandoned uploads are removed, others are kept', async () => {
  await using registry = await startTestRegistry();
  const [old, young] = [await start(registry), await start(registry)];
  const yesterday = new Date(Date.now() - 24 * 3600_000);
  await utimes(join(registry.root, 'uploads', old.split('/').at(-1) ?? '', 'data'), yesterday, yesterday);
  assert.equal(await registry.storage.uploads.expire(3600_000), 1);
  assert.equal((await fetch(old)).status, 404);
  assert.equal((await fetch(young)).status, 204);
});

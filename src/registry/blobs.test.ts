import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../core/digest.ts';
import { codesOf, digestBy, pushBlob, someBytes } from './testing/push.ts';
import { startTestRegistry } from './testing/test-registry.ts';

const bytes = someBytes(2048);
const digest = digestOf(bytes);

test('a blob pushed in one POST can be read back', async () => {
  await using registry = await startTestRegistry();
  const repository = `${registry.url}/v2/team/app`;
  await pushBlob(repository, bytes);
  const response = await fetch(`${repository}/blobs/${digest}`);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('Docker-Content-Digest'), digest);
  assert.equal(response.headers.get('Docker-Distribution-Api-Version'), 'registry/2.0');
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), bytes);
  const head = await fetch(`${repository}/blobs/${digest}`, { method: 'HEAD' });
  assert.equal(head.headers.get('Content-Length'), '2048');
});

test('sha512 digests are verified like sha256', async () => {
  await using registry = await startTestRegistry();
  const repository = `${registry.url}/v2/app`;
  const wide = digestBy('sha512', bytes);
  await pushBlob(repository, bytes, wide);
  assert.equal((await fetch(`${repository}/blobs/${wide}`)).status, 200);
  assert.equal((await fetch(`${repository}/blobs/${digest}`)).status, 404);
  const wrong = await fetch(`${repository}/blobs/uploads/?digest=${wide}`, { method: 'POST', body: 'other' });
  assert.deepEqual(await codesOf(wrong), ['DIGEST_INVALID']);
});

test('bytes that do not match their digest are rejected and not stored', async () => {
  await using registry = await startTestRegistry();
  const repository = `${registry.url}/v2/app`;
  const response = await fetch(`${repository}/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    body: 'something else',
  });
  assert.equal(response.status, 400);
  assert.deepEqual(await codesOf(response), ['DIGEST_INVALID']);
  assert.equal((await fetch(`${repository}/blobs/${digest}`)).status, 404);
  assert.equal(await registry.storage.uploads.expire(-1000), 0);
});

test('a blob is visible only in repositories that own it', async () => {
  await using registry = await startTestRegistry();
  await pushBlob(`${registry.url}/v2/mine`, bytes);
  const response = await fetch(`${registry.url}/v2/yours/blobs/${digest}`);
  assert.equal(response.status, 404);
  assert.deepEqual(await codesOf(response), ['BLOB_UNKNOWN']);
});

test('deleting a blob leaves it to the other repositories that own it', async () => {
  await using registry = await startTestRegistry();
  await pushBlob(`${registry.url}/v2/one`, bytes);
  await pushBlob(`${registry.url}/v2/two`, bytes);
  const remove = () => fetch(`${registry.url}/v2/one/blobs/${digest}`, { method: 'DELETE' });
  assert.equal((await remove()).status, 202);
  assert.equal((await remove()).status, 404);
  assert.equal((await fetch(`${registry.url}/v2/one/blobs/${digest}`)).status, 404);
  assert.equal((await fetch(`${registry.url}/v2/two/blobs/${digest}`)).status, 200);
});

test('a single range of a blob is sent, and one outside of it rejected', async () => {
  await using registry = await startTestRegistry();
  await pushBlob(`${registry.url}/v2/app`, bytes);
  const get = (range: string) => fetch(`${registry.url}/v2/app/blobs/${digest}`, { headers: { range } });
  const cases: [string, number, number][] = [
    ['bytes=500-1499', 500, 1499],
    ['bytes=500-', 500, 2047],
    ['bytes=-500', 1548, 2047],
    ['bytes=2000-9999', 2000, 2047],
    ['bytes=-9999', 0, 2047],
  ];
  for (const [range, start, end] of cases) {
    const response = await get(range);
    assert.equal(response.status, 206, range);
    assert.equal(response.headers.get('Content-Range'), `bytes ${start}-${end}/2048`);
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), bytes.subarray(start, end + 1));
  }
  const outside = await get('bytes=2048-');
  assert.equal(outside.status, 416);
  assert.equal(outside.headers.get('Content-Range'), 'bytes */2048');
  for (const ignored of ['bytes=9-5', 'lines=1-2', 'bytes=0-1,4-5', 'bytes=-']) {
    assert.equal((await get(ignored)).status, 200, ignored);
  }
});

test('a client that already has the blob gets no body', async () => {
  await using registry = await startTestRegistry();
  await pushBlob(`${registry.url}/v2/app`, bytes);
  const get = (headers: Record<string, string>) =>
    fetch(`${registry.url}/v2/app/blobs/${digest}`, { headers });
  const etag = (await get({})).headers.get('ETag') ?? '';
  assert.equal((await get({ 'If-None-Match': `"x", W/${etag}` })).status, 304);
  assert.equal((await get({ 'If-None-Match': '"x"' })).status, 200);
  assert.equal((await get({ Range: 'bytes=0-1', 'If-Range': '"x"' })).status, 200);
  assert.equal((await get({ Range: 'bytes=0-1', 'If-Range': etag })).status, 206);
});

test('an empty blob is valid', async () => {
  await using registry = await startTestRegistry();
  const empty = await pushBlob(`${registry.url}/v2/app`, Buffer.alloc(0));
  const response = await fetch(`${registry.url}/v2/app/blobs/${empty}`);
  assert.equal(response.status, 200);
  assert.equal((await response.arrayBuffer()).byteLength, 0);
});

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import http from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { digestOf } from '../core/digest.ts';
import { codesOf, imageManifest, pushBlob, putManifest } from './testing/push.ts';
import { startTestRegistry } from './testing/test-registry.ts';

/** Sends the path unchanged, unlike `fetch`. */
function statusOf(url: string, method: string, path: string): Promise<number> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, method, path }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject).end();
  });
}

test('the root of the API responds', async () => {
  await using registry = await startTestRegistry();
  for (const path of ['/v2', '/v2/']) {
    const response = await fetch(`${registry.url}${path}`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('Docker-Distribution-Api-Version'), 'registry/2.0');
  }
});

test('repositories named like endpoints work', async () => {
  await using registry = await startTestRegistry();
  for (const name of [
    'manifests',
    'a/blobs',
    'tags/list',
    'a/blobs/uploads',
    'blobs/uploads/b',
    'referrers',
  ]) {
    const repository = `${registry.url}/v2/${name}`;
    const manifest = await imageManifest(repository);
    assert.equal((await putManifest(repository, 'v1', manifest)).status, 201, name);
    assert.equal((await fetch(`${repository}/manifests/v1`)).status, 200, name);
    assert.equal((await fetch(`${repository}/tags/list`)).status, 200, name);
  }
});

test('nothing escapes the data root', async () => {
  await using registry = await startTestRegistry();
  const names = [
    '..',
    '../x',
    'a/../b',
    'a//b',
    '%2e%2e',
    'a%2f..%2fb',
    'A',
    '_blobs',
    'a%00b',
    '%',
    'x'.repeat(256),
  ];
  for (const name of names) {
    const status = await statusOf(registry.url, 'POST', `/v2/${name}/blobs/uploads/`);
    assert.ok(status === 400 || status === 404, `${name}: ${status}`);
  }
  for (const path of ['/v2/a/manifests/..', '/v2/a/manifests/%2e%2e%2fx', '/v2/a/blobs/sha256:..%2f..%2fx']) {
    assert.ok([400, 404].includes(await statusOf(registry.url, 'GET', path)), path);
  }
  assert.equal(await statusOf(registry.url, 'GET', `/v2/a/blobs/uploads/..%2f${'0'.repeat(29)}`), 404);
  assert.deepEqual((await readdir(registry.root)).sort(), ['repositories', 'uploads']);
  assert.deepEqual(await readdir(`${registry.root}/uploads`), []);
});

test('missing endpoints and unsupported methods are distinguished', async () => {
  await using registry = await startTestRegistry();
  assert.equal((await fetch(`${registry.url}/elsewhere`)).status, 404);
  const response = await fetch(`${registry.url}/v2/app/tags/list`, { method: 'DELETE' });
  assert.equal(response.status, 405);
  assert.equal(response.headers.get('Allow'), 'GET');
  assert.deepEqual(await codesOf(response), ['UNSUPPORTED']);
});

test('headers that are too large end the connection with 431', async () => {
  await using registry = await startTestRegistry();
  const { port } = new URL(registry.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(`GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
  const [response] = await socket.take(1).toArray();
  assert.match(String(response), /^HTTP\/1\.1 431 /);
});

test('a blob pushed many times concurrently is always complete', async () => {
  await using registry = await startTestRegistry();
  const bytes = Buffer.alloc(200_000, 'b');
  await Promise.all(Array.from({ length: 8 }, (_, i) => pushBlob(`${registry.url}/v2/r${i % 2}`, bytes)));
  for (const name of ['r0', 'r1']) {
    const response = await fetch(`${registry.url}/v2/${name}/blobs/${digestOf(bytes)}`);
    assert.equal((await response.arrayBuffer()).byteLength, bytes.length);
  }
});

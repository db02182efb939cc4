import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MEDIA_TYPE } from '../api/oci-image.ts';
import { digestOf } from '../core/digest.ts';
import { codesOf, descriptorOf, digestBy, imageManifest, putManifest } from './testing/push.ts';
import { startTestRegistry } from './testing/test-registry.ts';

test('a manifest is read back byte for byte by tag and by digest', async () => {
  await using registry = await startTestRegistry();
  const repository = `${registry.url}/v2/team/app`;
  const manifest = await imageManifest(repository);
  const put = await putManifest(repository, 'v1', manifest);
  assert.equal(put.status, 201);
  assert.equal(put.headers.get('Docker-Content-Digest'), digestOf(manifest));
  for (const reference of ['v1', digestOf(manifest)]) {
    const response = await fetch(`${repository}/manifests/${reference}`);
    assert.equal(response.headers.get('Content-Type'), MEDIA_TYPE.ociManifest);
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), manifest);
    const head = await fetch(`${repository}/manifests/${reference}`, { method: 'HEAD' });
    assert.equal(head.headers.get('Content-Length'), String(manifest.byteLength));
  }
  const etag = put.headers.get('Docker-Content-Digest');
  const again = await fetch(`${repository}/manifests/v1`, { headers: { 'If-None-Match': `"${etag}"` } });
  assert.equal(again.status, 304);
});

test('an unknown manifest is reported in the words of the specification', async () => {
  await using registry = await startTestRegistry();
  const response = await fetch(`${registry.url}/v2/app/manifests/latest`);
  assert.equal(response.status, 404);
  const expected = {
    code: 'MANIFEST_UNKNOWN',
    message: 'manifest unknown',
    detail: { name: 'app', tag: 'latest' },
  };
  assert.deepEqual(await response.json(), { errors: [expected] });
});

test('a manifest pushed by digest must have that digest, in either algorithm', async () => {
  await using registry = await startTestRegistry();
  const repository = `${registry.url}/v2/app`;
  const manifest = await imageManifest(repository);
  assert.equal((await putManifest(repository, digestBy('sha512', manifest), manifest)).status, 201);
  const wrong = await putManifest(repository, digestOf('x'), manifest);
  assert.deepEqual(await codesOf(wrong), ['DIGEST_INVALID']);
});

test('a manifest that names missing blobs is rejected, with one error for each', async () => {
  await using registry = await startTestRegistry();
  const manifest = await imageManifest(`${registry.url}/v2/other`);
  const response = await putManifest(`${registry.url}/v2/app`, 'v1', manifest);
  assert.equal(response.status, 400);
  assert.deepEqual(await codesOf(response), ['MANIFEST_BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN']);
  assert.equal((await fetch(`${registry.url}/v2/app/manifests/v1`)).status, 404);
});

test('an index needs its children in the repository', async () => {
  await using registry = await startTestRegistry();
  const repository = `${registry.url}/v2/app`;
  const child = await imageManifest(repository);
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: [descriptorOf(child, MEDIA_TYPE.ociManifest)],
  });
  const early = await putManifest(repository, 'v1', index, MEDIA_TYPE.ociIndex);
  assert.deepEqual(await codesOf(early), ['MANIFEST_BLOB_UNKNOWN']);
  await putManifest(repository, digestOf(child), child);
  assert.equal((await putManifest(repository, 'v1', index, MEDIA_TYPE.ociIndex)).status, 201);
});

test('non-distributable layers need not be stored', async () => {
  await using registry = await startTestRegistry();
  const repository = `${registry.url}/v2/app`;
  const foreign = {
    mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    digest: digestOf('elsewhere'),
    size: 9,
    urls: ['https://store.example.com/layer'],
  };
  const manifest = await imageManifest(repository, { layers: [foreign] });
  assert.equal((await putManifest(repository, 'v1', manifest)).status, 201);
});

test('invalid manifests are rejected', async () => {
  await using registry = await startTestRegistry();
  const repository = `${registry.url}/v2/app`;
  const good = JSON.parse(String(await imageManifest(repository)));
  const { mediaType: _, ...untyped } = good;
  const bad: [string, unknown, string][] = [
    ['not JSON', 'no', MEDIA_TYPE.ociManifest],
    ['a list', [], MEDIA_TYPE.ociManifest],
    ['another Content-Type', good, MEDIA_TYPE.dockerManifest],
    ['an unknown media type', untyped, 'application/json'],
    ['schema 1', { ...good, schemaVersion: 1 }, MEDIA_TYPE.ociManifest],
    ['image and index in one', { ...good, manifests: [] }, MEDIA_TYPE.ociManifest],
    ['no config', { ...good, config: undefined }, MEDIA_TYPE.ociManifest],
    ['no layers', { ...good, layers: undefined }, MEDIA_TYPE.ociManifest],
    ['a bad digest', { ...good, config: { ...good.config, digest: 'sha256:x' } }, MEDIA_TYPE.ociManifest],
    ['a wrong size', { ...good, config: { ...good.config, size: 1 } }, MEDIA_TYPE.ociManifest],
  ];
  for (const [name, document, mediaType] of bad) {
    const body = typeof document === 'string' ? document : JSON.stringify(document);
    const response = await putManifest(repository, 'v1', body, mediaType);
    assert.equal(response.status, 400, name);
    assert.deepEqual(await codesOf(response), ['MANIFEST_INVALID'], name);
  }
});

test('a manifest may have up to 4 MiB', async () => {
  await using registry = await startTestRegistry();
  const repository = `${registry.url}/v2/app`;
  const manifest = await imageManifest(repository);
  const padded = (size: number) => Buffer.concat([manifest, Buffer.alloc(size - manifest.length, ' ')]);
  assert.equal((await putManifest(repository, 'big', padded(4 * 1024 * 1024))).status, 201);
  assert.equal((await putManifest(repository, 'bigger', padded(4 * 1024 * 1024 + 1))).status, 413);
});

test('a tag is deleted alone, a manifest with its tags', async () => {
  await using registry = await startTestRegistry();
  const repository = `${registry.url}/v2/app`;
  const manifest = await imageManifest(repository);
  for (const tag of ['a', 'b', 'c']) await putManifest(repository, tag, manifest);
  const remove = (reference: string) =>
    fetch(`${repository}/manifests/${reference}`, { method: 'DELETE' }).then((response) => response.status);
  const tags = async () =>
    ((await (await fetch(`${repository}/tags/list`)).json()) as { tags: string[] }).tags;
  assert.equal(await remove('a'), 202);
  assert.equal(await remove('a'), 404);
  assert.deepEqual(await tags(), ['b', 'c']);
  assert.equal(await remove(digestOf(manifest)), 202);
  assert.equal(await remove(digestOf(manifest)), 404);
  assert.deepEqual(await tags(), []);
  assert.equal((await fetch(`${repository}/manifests/b`)).status, 404);
});

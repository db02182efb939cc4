import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Descriptor, type ImageIndex, MEDIA_TYPE } from '../api/oci-image.ts';
import { digestOf } from '../core/digest.ts';
import { codesOf, descriptorOf, imageManifest, putManifest } from './testing/push.ts';
import { startTestRegistry, type TestRegistry } from './testing/test-registry.ts';

test('tags are listed in byte order, in pages that link to the next', async () => {
  await using registry = await startTestRegistry();
  const repository = `${registry.url}/v2/team/app`;
  const manifest = await imageManifest(repository);
  for (const tag of ['v2', 'v1', 'B', 'a']) await putManifest(repository, tag, manifest);
  const all = await fetch(`${repository}/tags/list`);
  assert.deepEqual(await all.json(), { name: 'team/app', tags: ['B', 'a', 'v1', 'v2'] });
  assert.equal(all.headers.get('Link'), null);
  const first = await fetch(`${repository}/tags/list?n=2`);
  assert.deepEqual(await first.json(), { name: 'team/app', tags: ['B', 'a'] });
  const [, next = ''] = /^<(.+)>; rel="next"$/.exec(first.headers.get('Link') ?? '') ?? [];
  const second = await fetch(new URL(next, registry.url));
  assert.deepEqual(await second.json(), { name: 'team/app', tags: ['v1', 'v2'] });
  assert.equal(second.headers.get('Link'), null);
});

test('no tags are listed for n=0, and an invalid n is rejected', async () => {
  await using registry = await startTestRegistry();
  const repository = `${registry.url}/v2/app`;
  await putManifest(repository, 'v1', await imageManifest(repository));
  const none = await fetch(`${repository}/tags/list?n=0`);
  assert.deepEqual(await none.json(), { name: 'app', tags: [] });
  assert.equal(none.headers.get('Link'), null);
  const response = await fetch(`${repository}/tags/list?n=-1`);
  assert.deepEqual(await codesOf(response), ['PAGINATION_NUMBER_INVALID']);
});

test('an unknown repository has no list of tags', async () => {
  await using registry = await startTestRegistry();
  const response = await fetch(`${registry.url}/v2/app/tags/list`);
  assert.equal(response.status, 404);
  assert.deepEqual(await codesOf(response), ['NAME_UNKNOWN']);
});

test('the catalog lists repositories with a manifest, including nested ones', async () => {
  await using registry = await startTestRegistry();
  for (const name of ['b', 'a/nested/deep', 'a']) {
    const repository = `${registry.url}/v2/${name}`;
    await putManifest(repository, 'v1', await imageManifest(repository));
  }
  await fetch(`${registry.url}/v2/only/blobs/uploads/`, { method: 'POST' });
  const all = await fetch(`${registry.url}/v2/_catalog`);
  assert.deepEqual(await all.json(), { repositories: ['a', 'a/nested/deep', 'b'] });
  const page = await fetch(`${registry.url}/v2/_catalog?n=1&last=a`);
  assert.deepEqual(await page.json(), { repositories: ['a/nested/deep'] });
  assert.match(page.headers.get('Link') ?? '', /last=a%2Fnested%2Fdeep/);
});

async function pushReferrer(registry: TestRegistry, subject: Descriptor, artifactType: string) {
  const repository = `${registry.url}/v2/app`;
  const extra = { subject, artifactType, annotations: { made: 'here' } };
  const manifest = await imageManifest(repository, extra);
  const response = await putManifest(repository, digestOf(manifest), manifest);
  assert.equal(response.headers.get('OCI-Subject'), subject.digest);
  return manifest;
}

test('referrers of a manifest are listed, filtered by type, and removed on deletion', async () => {
  await using registry = await startTestRegistry();
  const subject: Descriptor = descriptorOf(Buffer.from('not pushed yet'), MEDIA_TYPE.ociManifest);
  const sbom = await pushReferrer(registry, subject, 'application/x.sbom');
  await pushReferrer(registry, subject, 'application/x.signature');
  const list = async (query = '') => {
    const response = await fetch(`${registry.url}/v2/app/referrers/${subject.digest}${query}`);
    assert.equal(response.headers.get('Content-Type'), MEDIA_TYPE.ociIndex);
    return {
      index: (await response.json()) as ImageIndex,
      applied: response.headers.get('OCI-Filters-Applied'),
    };
  };
  assert.equal((await list()).index.manifests.length, 2);
  const filtered = await list('?artifactType=application/x.sbom');
  assert.equal(filtered.applied, 'artifactType');
  const descriptor = descriptorOf(sbom, MEDIA_TYPE.ociManifest);
  const expected = { ...descriptor, artifactType: 'application/x.sbom', annotations: { made: 'here' } };
  assert.deepEqual(filtered.index.manifests, [expected]);
  await fetch(`${registry.url}/v2/app/manifests/${digestOf(sbom)}`, { method: 'DELETE' });
  assert.equal((await list()).index.manifests.length, 1);
});

test('an unknown subject has an empty list of referrers', async () => {
  await using registry = await startTestRegistry();
  const response = await fetch(`${registry.url}/v2/app/referrers/${digestOf('x')}`);
  assert.equal(response.status, 200);
  assert.deepEqual(((await response.json()) as ImageIndex).manifests, []);
});

test('a long list of referrers is paged', async () => {
  await using registry = await startTestRegistry();
  const subject = digestOf('subject');
  const annotations = { filler: 'x'.repeat(1_300_000) };
  for (const name of ['a', 'b', 'c']) {
    const bytes = Buffer.from(name);
    const stored = { digest: digestOf(bytes), mediaType: MEDIA_TYPE.ociManifest, size: 1 };
    const referrer = { subject, descriptor: { ...stored, annotations } };
    await registry.storage.manifests.put('app', { ...stored, bytes, referrer });
  }
  const seen: string[] = [];
  for (let next = `/v2/app/referrers/${subject}`; next !== ''; ) {
    const response = await fetch(new URL(next, registry.url));
    seen.push(...((await response.json()) as ImageIndex).manifests.map(({ digest }) => digest));
    next = /^<(.+)>/.exec(response.headers.get('Link') ?? '')?.[1] ?? '';
  }
  assert.deepEqual(seen, ['a', 'b', 'c'].map((name) => digestOf(name)).sort());
});

import assert from 'node:assert/strict';
import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { MEDIA_TYPE } from '../api/oci-image.ts';
import { type Digest, digestOf } from '../core/digest.ts';
import type { Collected, CollectOptions } from './storage/collect.ts';
import { descriptorOf, imageManifest, pushBlob, putManifest, someBytes } from './testing/push.ts';
import { startTestRegistry, type TestRegistry } from './testing/test-registry.ts';

const HOUR = 3600_000;

/** Ages everything in the store by a day. */
async function age(registry: TestRegistry): Promise<void> {
  const day = new Date(Date.now() - 24 * HOUR);
  for (const entry of await readdir(registry.root, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) await utimes(join(entry.parentPath, entry.name), day, day);
  }
}

async function collect(registry: TestRegistry, options: CollectOptions): Promise<Collected> {
  const found = await registry.storage.collect(options);
  assert.ok(found, 'nobody else collects');
  return found;
}

const exists = async (registry: TestRegistry, repository: string, digest: Digest) =>
  (await fetch(`${registry.url}/v2/${repository}/blobs/${digest}`, { method: 'HEAD' })).status === 200;

test('unreferenced blobs are removed, referenced and young ones are kept', async () => {
  await using registry = await startTestRegistry();
  const app = `${registry.url}/v2/app`;
  const manifest = await imageManifest(app);
  assert.equal((await putManifest(app, 'v1', manifest)).status, 201);
  const old = await pushBlob(app, someBytes(5000, 'old'));
  await age(registry);
  const young = await pushBlob(app, someBytes(100, 'young'));
  const counted = await collect(registry, { grace: HOUR, dryRun: true });
  assert.deepEqual([counted.links, counted.contents, counted.bytes], [1, 1, 5000]);
  assert.ok(await exists(registry, 'app', old), 'only counted');
  await age(registry);
  await utimes(join(registry.root, 'repositories/app/_blobs/sha256', young.slice(7)), new Date(), new Date());
  const found = await collect(registry, { grace: HOUR });
  assert.deepEqual([found.links, found.contents, found.damaged], [1, 1, []]);
  assert.equal(await exists(registry, 'app', old), false);
  assert.ok(await exists(registry, 'app', young));
  for (const { digest } of JSON.parse(`${manifest}`).layers) assert.ok(await exists(registry, 'app', digest));
  assert.equal((await fetch(`${app}/manifests/v1`)).status, 200);
  const findings = await Array.fromAsync(registry.storage.check({ deep: true }));
  assert.deepEqual(findings, []);
});

test('content that another repository owns is kept', async () => {
  await using registry = await startTestRegistry();
  const bytes = someBytes(1000, 'shared');
  const digest = await pushBlob(`${registry.url}/v2/a`, bytes);
  await age(registry);
  const mounted = await fetch(`${registry.url}/v2/b/blobs/uploads/?mount=${digest}&from=a`, {
    method: 'POST',
  });
  assert.equal(mounted.status, 201);
  const found = await collect(registry, { grace: HOUR });
  assert.deepEqual([found.links, found.contents], [0, 0], 'the mount has made it young in both');
  await age(registry);
  await fetch(`${registry.url}/v2/b/blobs/${digest}`, { method: 'HEAD' });
  assert.equal((await collect(registry, { grace: HOUR })).links, 1, 'a still owned it, unseen');
  assert.ok(await exists(registry, 'b', digest));
});

test('a push that relies on an old blob keeps it', async () => {
  await using registry = await startTestRegistry();
  const app = `${registry.url}/v2/app`;
  const manifest = await imageManifest(app);
  await age(registry);
  for (const { digest } of [JSON.parse(`${manifest}`).config, ...JSON.parse(`${manifest}`).layers]) {
    assert.ok(await exists(registry, 'app', digest), 'the client asks, and need not send it');
  }
  assert.equal((await collect(registry, { grace: HOUR })).links, 0);
  assert.equal((await putManifest(app, 'v1', manifest)).status, 201);
});

test('untagged manifests are removed on request; parts of indexes and referrers are kept with their parents', async () => {
  await using registry = await startTestRegistry();
  const app = `${registry.url}/v2/app`;
  const child = await imageManifest(app);
  await putManifest(app, digestOf(child), child);
  const index = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociIndex,
      manifests: [descriptorOf(child, MEDIA_TYPE.ociManifest)],
    }),
  );
  await putManifest(app, 'v1', index, MEDIA_TYPE.ociIndex);
  const referrer = await imageManifest(app, { subject: descriptorOf(index, MEDIA_TYPE.ociIndex) });
  await putManifest(app, digestOf(referrer), referrer);
  const lost = await imageManifest(app, { annotations: { a: 'b' } });
  await putManifest(app, 'lost', lost);
  await fetch(`${app}/manifests/lost`, { method: 'DELETE' });
  await age(registry);
  assert.equal((await collect(registry, { grace: HOUR })).manifests, 0, 'only when it is wanted');
  assert.equal((await collect(registry, { grace: HOUR, untagged: HOUR })).manifests, 1);
  const status = async (digest: Digest) => (await fetch(`${app}/manifests/${digest}`)).status;
  assert.deepEqual(
    await Promise.all([child, index, referrer, lost].map((m) => status(digestOf(m)))),
    [200, 200, 200, 404],
  );
});

test('a repository with a damaged manifest is skipped and reported', async () => {
  await using registry = await startTestRegistry();
  const app = `${registry.url}/v2/app`;
  const manifest = await imageManifest(app);
  await putManifest(app, 'v1', manifest);
  const loose = await pushBlob(app, someBytes(100, 'loose'));
  const hex = digestOf(manifest).slice(7);
  const path = join(registry.root, 'blobs/sha256', hex.slice(0, 2), hex);
  const bytes = await readFile(path);
  await writeFile(path, 'x');
  await age(registry);
  const found = await collect(registry, { grace: HOUR, untagged: HOUR });
  assert.deepEqual([found.links, found.manifests, found.contents], [0, 0, 0]);
  assert.deepEqual(found.damaged, [`app@${digestOf(manifest)}`]);
  assert.ok(await exists(registry, 'app', loose));
  const findings = await Array.fromAsync(registry.storage.check({ repair: true, deep: true }));
  assert.deepEqual(
    findings.map(({ where }) => where),
    [`app@${digestOf(manifest)}`, digestOf(manifest)],
  );
  assert.equal((await putManifest(app, 'v1', bytes)).status, 201, 'the next push heals it');
  assert.deepEqual(await Array.fromAsync(registry.storage.check({ deep: true })), []);
});

test('the check names missing content', async () => {
  await using registry = await startTestRegistry();
  const app = `${registry.url}/v2/app`;
  const manifest = await imageManifest(app);
  await putManifest(app, 'v1', manifest);
  const [layer] = JSON.parse(`${manifest}`).layers as { digest: Digest }[];
  const hex = layer?.digest.slice(7) ?? '';
  await rm(join(registry.root, 'blobs/sha256', hex.slice(0, 2), hex));
  const words = (await Array.fromAsync(registry.storage.check({}))).map(
    ({ where, what }) => `${where}: ${what}`,
  );
  assert.deepEqual(words, [
    `app@${digestOf(manifest)}: lacks the blob ${layer?.digest}`,
    `app@${layer?.digest}: the blob’s content is missing`,
  ]);
});

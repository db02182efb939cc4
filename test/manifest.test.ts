/** Lists of images for several platforms, made by the client and sent to a registry. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, test } from 'node:test';
import { MEDIA_TYPE } from '../src/api/oci-image.ts';
import { digestOf } from '../src/core/digest.ts';
import { descriptorOf } from '../src/registry/testing/push.ts';
import { TestDaemon } from './harness/daemon.ts';
import { startRegistry } from './harness/registry.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
const ok = (...args: string[]) => daemon.ok('barge', ['manifest', ...args]);
const fails = async (...args: string[]) => {
  const { code, stderr } = await daemon.barge(['manifest', ...args]);
  assert.equal(code, 1);
  return stderr;
};

/** Pushes an image without layers by plain requests. */
async function push(url: string, repository: string, architecture: string): Promise<string> {
  const config = Buffer.from(
    JSON.stringify({ os: 'linux', architecture, rootfs: { type: 'layers', diff_ids: [] } }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      config: descriptorOf(config, MEDIA_TYPE.ociConfig),
      layers: [],
    }),
  );
  const blob = `${url}/v2/${repository}/blobs/uploads/?digest=${digestOf(config)}`;
  const type = { 'Content-Type': 'application/octet-stream' };
  assert.equal((await fetch(blob, { method: 'POST', body: config, headers: type })).status, 201);
  const tag = `${url}/v2/${repository}/manifests/${architecture}`;
  const put = { method: 'PUT', body: manifest, headers: { 'Content-Type': MEDIA_TYPE.ociManifest } };
  assert.equal((await fetch(tag, put)).status, 201);
  return digestOf(manifest);
}

test('a list is created, annotated, shown, sent with what other repositories have, and forgotten', async () => {
  await using registry = await startRegistry(daemon.path('registry'));
  const { url, host } = registry;
  const [amd, arm] = [await push(url, 'app', 'amd64'), await push(url, 'other', 'arm64')];
  const list = `${host}/app:1`;
  assert.equal(await ok('create', list, `${host}/app:amd64`), `Created manifest list ${list}`);
  assert.match(
    await fails('create', list, `${host}/other:arm64`),
    /refusing to amend an existing manifest list/,
  );
  await ok('create', '--amend', list, `${host}/other:arm64`);
  await ok('annotate', '--variant', 'v8', list, `${host}/other:arm64`);
  assert.match(
    await fails('annotate', list, `${host}/none:1`),
    /manifest for image .*none:1 does not exist in/,
  );
  const platforms = (text: string) =>
    JSON.parse(text).manifests.map(({ digest, platform }: { digest: string; platform: object }) => [
      digest,
      platform,
    ]);
  const wanted = [
    [amd, { os: 'linux', architecture: 'amd64' }],
    [arm, { os: 'linux', architecture: 'arm64', variant: 'v8' }],
  ];
  assert.deepEqual(platforms(await ok('inspect', list)), wanted);
  assert.equal(JSON.parse(await ok('inspect', '-v', list, `${host}/other:arm64`)).Descriptor.digest, arm);
  const digest = await ok('push', '--purge', list);
  assert.match(digest, /^sha256:[0-9a-f]{64}$/);
  const sent = await fetch(`${url}/v2/app/manifests/1`, { headers: { Accept: MEDIA_TYPE.ociIndex } });
  assert.equal(sent.headers.get('docker-content-digest'), digest);
  assert.deepEqual(platforms(await ok('inspect', list)), wanted, 'from the registry now');
  assert.equal((await fetch(`${url}/v2/app/manifests/${arm}`)).status, 200);
  assert.match(await fails('push', list), /No such manifest/);
});

test('what cannot be a list is refused', async () => {
  await using registry = await startRegistry(daemon.path('registry2'));
  const { url, host } = registry;
  await push(url, 'app', 'amd64');
  await ok('create', `elsewhere.example/app:1`, `${host}/app:amd64`);
  assert.match(await fails('push', 'elsewhere.example/app:1'), /different registry than the target image/);
  await ok('rm', 'elsewhere.example/app:1');
  assert.match(await fails('rm', 'elsewhere.example/app:1'), /No such manifest/);
  await ok('create', `${host}/app:1`, `${host}/app:amd64`);
  await ok('push', '-p', `${host}/app:1`);
  assert.match(await fails('create', `${host}/app:2`, `${host}/app:1`), /is a manifest list, not an image/);
  assert.match(await fails('create', `${host}/app:2`, `${host}/app:none`), /not found/);
  assert(!existsSync(`${daemon.directory}/docker/manifests/${host.replace(':', '-')}_app-2`));
});

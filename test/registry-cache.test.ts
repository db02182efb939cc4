/** The pull-through cache before Debian's docker-registry, and before a registry of ours; the whole program. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MEDIA_TYPE } from '../src/api/oci-image.ts';
import { digestOf } from '../src/core/digest.ts';
import { freePort } from '../src/registry/testing/free-port.ts';
import { descriptorOf, putManifest, someBytes } from '../src/registry/testing/push.ts';
import { runRegistry, spawnRegistry } from '../src/registry/testing/registry-process.ts';
import { temporaryDirectory } from '../src/registry/testing/temporary-directory.ts';
import { imageTool } from '../tools/image-tools.ts';
import { withoutTool } from './harness/image-tools.ts';

/** Debian's registry, which is Docker's own. */
async function startDockerRegistry(directory: string) {
  const tool = imageTool('docker-registry');
  assert.ok(tool);
  const port = await freePort();
  const file = join(directory, 'docker-registry.yml');
  await mkdir(join(directory, 'docker'), { recursive: true });
  await writeFile(
    file,
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${join(directory, 'docker')}}, delete: {enabled: true}}\nhttp: {addr: "127.0.0.1:${port}"}\n`,
  );
  const child: ChildProcess = spawn(tool.path, ['serve', file], {
    env: { ...process.env, ...tool.env },
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(`${url}/v2/`).then(
      (response) => response.ok,
      () => false,
    ))
  ) {
    assert.equal(child.exitCode, null);
    await sleep(50);
  }
  const stop = async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  return { url, stop, [Symbol.asyncDispose]: stop };
}

/** Docker's registry takes no blob in one request. */
async function pushImage(url: string): Promise<Buffer> {
  const parts = [Buffer.from('{"architecture":"amd64","os":"linux"}'), someBytes(300_000, 'layer')];
  for (const bytes of parts) {
    const started = await fetch(`${url}/v2/team/app/blobs/uploads/`, { method: 'POST' });
    const location = new URL(started.headers.get('location') ?? '', url);
    location.searchParams.set('digest', digestOf(bytes));
    const done = await fetch(location, { method: 'PUT', body: new Uint8Array(bytes) });
    assert.equal(done.status, 201, await done.text());
  }
  const [config, layer] = parts.map((bytes, index) =>
    descriptorOf(bytes, index === 0 ? MEDIA_TYPE.ociConfig : MEDIA_TYPE.ociLayer),
  );
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config, layers: [layer] };
  return Buffer.from(JSON.stringify(manifest));
}

const manifestAt = async (url: string, reference: string) => {
  const response = await fetch(`${url}/v2/team/app/manifests/${reference}`, {
    headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  return [response.status, digestOf(Buffer.from(await response.arrayBuffer()))] as const;
};

async function pullAll(url: string, manifest: Buffer): Promise<void> {
  assert.deepEqual(await manifestAt(url, 'v1'), [200, digestOf(manifest)]);
  const { config, layers } = JSON.parse(manifest.toString());
  for (const { digest } of [config, ...layers]) {
    const response = await fetch(`${url}/v2/team/app/blobs/${digest}`);
    assert.equal(digestOf(Buffer.from(await response.arrayBuffer())), digest);
  }
}

test('a cache of Debian’s docker-registry outlives it', {
  skip: withoutTool('docker-registry'),
}, async () => {
  await using directory = await temporaryDirectory();
  await using origin = await startDockerRegistry(directory.path);
  const manifest = await pushImage(origin.url);
  assert.equal((await putManifest(`${origin.url}/v2/team/app`, 'v1', manifest)).status, 201);
  const root = join(directory.path, 'cache');
  await using cache = await spawnRegistry(['--data-root', root, '--proxy', origin.url]);
  await pullAll(cache.url, manifest);
  await origin.stop();
  await pullAll(cache.url, manifest);
  assert.equal((await manifestAt(cache.url, 'v2'))[0], 503);
  const { code, stdout } = await runRegistry(['check', '--deep', '--data-root', root]);
  assert.deepEqual([code, stdout], [0, 'no problems found\n']);
});

test('a cache of a private registry of ours: credentials, a bound on its size, and a store of its own kind', async () => {
  await using directory = await temporaryDirectory();
  const path = (name: string) => join(directory.path, name);
  const users = path('htpasswd');
  await runRegistry(['htpasswd', users, 'anna'], 'correct horse');
  await writeFile(path('password'), 'correct horse\n');
  await using origin = await spawnRegistry(['--data-root', path('origin'), '--htpasswd', users]);
  const authorization = `Basic ${Buffer.from('anna:correct horse').toString('base64')}`;
  const digest = digestOf('hello');
  const pushed = await fetch(`${origin.url}/v2/app/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    body: 'hello',
    headers: { authorization },
  });
  assert.equal(pushed.status, 201);
  const args = ['--data-root', path('cache'), '--proxy', origin.url];
  const credentials = ['--proxy-user', 'anna', '--proxy-password-file', path('password')];
  {
    await using cache = await spawnRegistry([...args, ...credentials, '--proxy-size', '1']);
    const read = async () => await (await fetch(`${cache.url}/v2/app/blobs/${digest}`)).text();
    assert.equal(await read(), 'hello');
    const stored = join(path('cache'), 'blobs/sha256', digest.slice(7, 9), digest.slice(7));
    while (!(await readFile(stored).catch(() => undefined))) await sleep(20);
    while (await readFile(stored).catch(() => undefined)) {
      cache.signal('SIGUSR2');
      await sleep(50);
    }
    assert.equal(await read(), 'hello', 'what was removed is fetched anew');
  }
  for (const [wrong, words] of [
    [['--data-root', path('cache')], /the store is a cache of http/],
    [['--data-root', path('cache'), '--proxy', 'https://other.example'], /start with --proxy http/],
    [[...args, '--proxy-user', 'anna'], /--proxy-user and --proxy-password-file require each other/],
    [['--data-root', path('x'), '--proxy', 'registry.example'], /invalid --proxy "registry.example"/],
    [['--data-root', path('x'), '--proxy-size', '1GB'], /--proxy-size needs --proxy/],
  ] as const) {
    const { code, stderr } = await runRegistry([...wrong, '--listen', '127.0.0.1:0']);
    assert.notEqual(code, 0);
    assert.match(stderr, words);
  }
});

/** How the daemon goes about registries: mirrors, certificates, one download for all who ask, limits. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { digestOf } from '../src/core/digest.ts';
import { startScript } from '../src/image/remote/testing/scripted-server.ts';
import { someBytes } from '../src/registry/testing/push.ts';
import { imageOf, serveImage, tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';

const layers = await Promise.all(
  [1, 2, 3, 4].map((i) => tarOf([{ name: `file${i}`, content: someBytes(50_000 + i) }])),
);
const image = imageOf(layers);
const isLayer = (url: string | undefined) => layers.some((layer) => url?.endsWith(digestOf(layer)));

/** Answers of a registry that waits with its layers until it is told to go on. */
function gate() {
  const waiting: { readonly response: ServerResponse; readonly bytes: Buffer; readonly url: string }[] = [];
  const script = (request: IncomingMessage, response: ServerResponse) => {
    const bytes = layers.find((layer) => request.url?.endsWith(digestOf(layer)));
    if (!bytes) return false;
    waiting.push({ response, bytes, url: request.url ?? '' });
    return true;
  };
  const release = () => {
    for (const { response, bytes } of waiting.splice(0)) response.end(bytes);
  };
  return { waiting, script, release };
}

const broken = await startScript((_, response) => response.writeHead(404).end());
const mirror = await serveImage(image);
after(() => Promise.all([broken, mirror].map((server) => server[Symbol.asyncDispose]())));
const daemon = await TestDaemon.start({
  flags: [
    ...['--registry-mirror', broken.url, '--registry-mirror', mirror.url],
    ...['--max-concurrent-downloads', '2', '--max-download-attempts', '1'],
  ],
});
after(() => daemon.end());
const idOf = async (name: string) => (await daemon.api(`/images/${name}/json`)).json().Id;
const remove = (name: string) => daemon.ok('barge', ['rmi', '-f', name]);

test('an image of Docker Hub comes from the first mirror that has it, under its own name', async () => {
  const pulled = await daemon.barge(['pull', 'team/mirrored:1']);
  assert.equal(pulled.code, 0, pulled.stderr + daemon.log);
  assert.equal(await idOf('team/mirrored:1'), digestOf(image.config));
  assert.ok(broken.requests.length > 0);
  assert.ok(mirror.requests.some(({ url }) => url === '/v2/team/mirrored/manifests/1'));
  await remove('team/mirrored:1');
});

test('the tags of a repository of Docker Hub are asked of the mirrors, too', async () => {
  const listing = await serveImage(image, (request, response) => {
    if (!request.url?.includes('/tags/list')) return false;
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ name: 'team/mirrored', tags: ['1', '2'] }));
    return true;
  });
  const flags = ['--registry-mirror', broken.url, '--registry-mirror', listing.url];
  const other = await TestDaemon.start({ flags, withoutBridge: true });
  try {
    const pulled = await other.barge(['pull', '-a', 'team/mirrored']);
    assert.equal(pulled.code, 0, pulled.stderr + other.log);
    const { RepoTags } = (await other.api('/images/team/mirrored:2/json')).json();
    assert.deepEqual(RepoTags, ['team/mirrored:1', 'team/mirrored:2']);
  } finally {
    await other.end();
    await listing[Symbol.asyncDispose]();
  }
});

test('images of other registries do not come from mirrors', async () => {
  const before = mirror.requests.length;
  const { code } = await daemon.barge(['pull', '127.0.0.1:1/team/mirrored:1']);
  assert.equal(code, 1);
  assert.equal(mirror.requests.length, before);
});

test('two pulls share each download, and the one who goes takes nothing from the other', async () => {
  const { waiting, script, release } = gate();
  await using registry = await serveImage(image, script);
  const first = daemon.startBarge(['pull', `${registry.host}/shared:1`]);
  await eventually('the first pull loads', () => waiting.length === 2);
  const second = daemon.startBarge(['pull', `${registry.host}/shared:2`]);
  await eventually(
    'the second pull waits',
    () => (second.stdout().match(/Pulling fs layer/g) ?? []).length === 4,
  );
  first.child.kill('SIGKILL');
  await first.done;
  while ((await Promise.race([second.done, eventually('more', () => waiting.length > 0, 5000)])) === true)
    release();
  assert.equal((await second.done).code, 0, second.stderr());
  const fetched = registry.requests.filter(({ url, method }) => method === 'GET' && isLayer(url));
  assert.deepEqual(fetched.length, layers.length, 'each layer once');
  await remove(`${registry.host}/shared:2`);
});

test('no more layers than the limit are fetched at a time, and a pull that nobody waits for ends', async () => {
  const { waiting, script } = gate();
  await using registry = await serveImage(image, script);
  const pulls = [1, 2].map((i) => daemon.startBarge(['pull', `${registry.host}/limited:${i}`]));
  await eventually('two layers are fetched', () => waiting.length === 2);
  await eventually('both pulls wait', () => pulls.every((pull) => /Pulling fs layer/.test(pull.stdout())));
  assert.equal(waiting.length, 2);
  const closed = waiting.map(({ response }) => once(response, 'close'));
  for (const { child } of pulls) child.kill('SIGKILL');
  await Promise.all(closed);
  await eventually('nothing is left', () =>
    ['blobs/sha256', 'layers'].every((name) => readdirSync(join(daemon.dataRoot, name)).length === 0),
  );
});

test('a failure that may pass is tried as often as the settings say', async () => {
  let asked = 0;
  const one = imageOf(layers.slice(0, 1));
  await using single = await serveImage(one, (request, response) => {
    if (!isLayer(request.url)) return false;
    asked++;
    response.writeHead(503).end();
    return true;
  });
  const { code, stderr } = await daemon.barge(['pull', `${single.host}/failing:1`]);
  assert.equal(code, 1);
  assert.match(stderr, /503/);
  assert.equal(asked, 1);
});

test('a client certificate out of certs.d is shown to the registry that wants one', async () => {
  const directory = daemon.path('certificates');
  mkdirSync(directory);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    ...subject,
    '-keyout',
    'key',
    '-out',
    'cert',
  );
  const [cert, key] = ['cert', 'key'].map((name) => readFileSync(join(directory, name), 'utf8'));
  const seen: boolean[] = [];
  const server = https.createServer(
    { cert, key, ca: cert, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      seen.push((request.socket as import('node:tls').TLSSocket).authorized);
      response.writeHead(404).end();
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const own = `/etc/barge/certs.d/${host}`;
  try {
    await daemon.barge(['pull', `${host}/app:1`]);
    assert.deepEqual(new Set(seen.splice(0)), new Set([false]));
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, 'client.cert'), cert ?? '');
    writeFileSync(join(own, 'client.key'), key ?? '');
    await daemon.barge(['pull', `${host}/app:1`]);
    assert.deepEqual(new Set(seen), new Set([true]));
  } finally {
    rmSync(own, { recursive: true, force: true });
    server.closeAllConnections();
    server.close();
  }
});

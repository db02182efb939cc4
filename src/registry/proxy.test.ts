import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MEDIA_TYPE } from '../api/oci-image.ts';
import { type Digest, digestOf } from '../core/digest.ts';
import type { Incoming } from '../http/server.ts';
import { Accounts } from './accounts/accounts.ts';
import { AccountAccess } from './auth/account-access.ts';
import { SqliteDatabase } from './database/sqlite.ts';
import { parseChallenge } from './proxy/challenge.ts';
import { PullThrough } from './proxy/pull-through.ts';
import { Upstream, type UpstreamOptions } from './proxy/upstream.ts';
import { codesOf, descriptorOf, imageManifest, pushBlob, putManifest, someBytes } from './testing/push.ts';
import { startTestRegistry, type TestRegistry } from './testing/test-registry.ts';

type Before = (incoming: Incoming) => boolean;

/** A registry that misbehaves on request and records its requests. */
async function startOrigin(accounts?: AccountAccess) {
  const asked: string[] = [];
  const state: { before?: Before } = {};
  const registry = await startTestRegistry({
    ...(accounts ? { accounts } : {}),
    before: (incoming) => {
      asked.push(`${incoming.request.method} ${incoming.request.url}`);
      return state.before?.(incoming) ?? false;
    },
  });
  const count = (pattern: RegExp) => asked.filter((line) => pattern.test(line)).length;
  return { registry, state, asked, count, [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose]() };
}

const startCache = (origin: TestRegistry, options: Partial<UpstreamOptions> & { fresh?: number } = {}) =>
  startTestRegistry({
    proxy: (storage, log) =>
      new PullThrough({
        upstream: new Upstream({ origin: origin.url, ...options }),
        storage,
        log,
        fresh: options.fresh ?? 0,
      }),
  });

const answer =
  (status: number, headers: Record<string, string> = {}): Before =>
  ({ response }) => {
    response.empty(status, headers);
    return true;
  };

const digestAt = async (url: string) => {
  const got = await fetch(url);
  return [got.status, digestOf(Buffer.from(await got.arrayBuffer()))] as const;
};

async function pushImage(registry: TestRegistry, name: string, tag: string, seed: string) {
  const repository = `${registry.url}/v2/${name}`;
  const layer = await pushBlob(repository, someBytes(400_000, seed));
  const config = Buffer.from(`{"seed":"${seed}"}`);
  await pushBlob(repository, config);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      config: descriptorOf(config, MEDIA_TYPE.ociConfig),
      layers: [descriptorOf(someBytes(400_000, seed), MEDIA_TYPE.ociLayer)],
    }),
  );
  assert.equal((await putManifest(repository, tag, manifest)).status, 201);
  return { manifest, digest: digestOf(manifest), layer };
}

test('a cache serves requested content again without its origin', async () => {
  await using origin = await startOrigin();
  const image = await pushImage(origin.registry, 'team/app', 'v1', 'one');
  await using cache = await startCache(origin.registry);
  const app = `${cache.url}/v2/team/app`;
  for (const reference of ['v1', image.digest]) {
    assert.deepEqual(await digestAt(`${app}/manifests/${reference}`), [200, image.digest]);
  }
  assert.deepEqual(await digestAt(`${app}/blobs/${image.layer}`), [200, image.layer]);
  while ((await cache.storage.blobs.size('team/app', image.layer)) === undefined);
  origin.state.before = answer(503);
  const stale = await fetch(`${app}/manifests/v1`);
  assert.deepEqual([stale.status, stale.headers.get('warning')], [200, '111 - "Revalidation Failed"']);
  assert.deepEqual(await digestAt(`${app}/manifests/${image.digest}`), [200, image.digest]);
  assert.deepEqual(await digestAt(`${app}/blobs/${image.layer}`), [200, image.layer]);
  assert.deepEqual(await (await fetch(`${app}/tags/list`)).json(), { name: 'team/app', tags: ['v1'] });
  const unknown = await fetch(`${app}/manifests/v2`);
  assert.equal(unknown.status, 503);
  assert.deepEqual(await codesOf(unknown), ['UNAVAILABLE']);
  assert.equal(origin.count(/GET .*blobs/), 1);
  assert.equal(origin.count(/GET .*manifests/), 1);
});

test('a tag that is moved or removed upstream is moved or removed in the cache', async () => {
  await using origin = await startOrigin();
  const first = await pushImage(origin.registry, 'app', 'latest', 'one');
  await using cache = await startCache(origin.registry);
  const latest = `${cache.url}/v2/app/manifests/latest`;
  assert.deepEqual(await digestAt(latest), [200, first.digest]);
  const second = await pushImage(origin.registry, 'app', 'latest', 'two');
  assert.deepEqual(await digestAt(latest), [200, second.digest]);
  await fetch(`${origin.registry.url}/v2/app/manifests/latest`, { method: 'DELETE' });
  assert.equal((await fetch(latest)).status, 404);
  origin.state.before = answer(500);
  assert.equal((await fetch(latest)).status, 503, 'what has gone is not brought back by an outage');
});

test('a recently compared tag is not checked again, when so configured', async () => {
  await using origin = await startOrigin();
  await pushImage(origin.registry, 'app', 'v1', 'one');
  await using cache = await startCache(origin.registry, { fresh: 60_000 });
  for (let i = 0; i < 3; i++) assert.equal((await fetch(`${cache.url}/v2/app/manifests/v1`)).status, 200);
  assert.equal(origin.count(/manifests/) - 1, 2, 'one HEAD and one GET after the push');
});

test('an origin that limits requests gets none for a while, and copies are served meanwhile', async () => {
  await using origin = await startOrigin();
  const image = await pushImage(origin.registry, 'app', 'v1', 'one');
  await using cache = await startCache(origin.registry);
  const app = `${cache.url}/v2/app/manifests`;
  assert.deepEqual(await digestAt(`${app}/v1`), [200, image.digest]);
  origin.state.before = answer(429, { 'Retry-After': '60' });
  const before = origin.asked.length;
  for (let i = 0; i < 3; i++) assert.deepEqual(await digestAt(`${app}/v1`), [200, image.digest]);
  const other = await fetch(`${app}/v2`);
  assert.deepEqual([other.status, await codesOf(other)], [429, ['TOOMANYREQUESTS']]);
  assert.ok(Number(other.headers.get('retry-after')) > 50);
  assert.equal(origin.asked.length, before + 1);
});

test('concurrent requests share one download, each with its own range', async () => {
  await using origin = await startOrigin();
  const bytes = someBytes(3_000_000, 'shared');
  const digest = await pushBlob(`${origin.registry.url}/v2/app`, bytes);
  await using cache = await startCache(origin.registry);
  const url = `${cache.url}/v2/app/blobs/${digest}`;
  const part = fetch(url, { headers: { range: 'bytes=2999990-' } });
  const all = await Promise.all(Array.from({ length: 20 }, () => digestAt(url)));
  for (const got of all) assert.deepEqual(got, [200, digest]);
  assert.deepEqual(Buffer.from(await (await part).arrayBuffer()), bytes.subarray(2_999_990));
  assert.equal(origin.count(/GET .*blobs/), 1);
  await pushBlob(`${origin.registry.url}/v2/other`, bytes);
  assert.deepEqual(await digestAt(`${cache.url}/v2/other/blobs/${digest}`), [200, digest]);
  assert.equal(origin.count(/GET .*blobs/), 1, 'another repository needs no second download');
  assert.equal((await fetch(`${cache.url}/v2/third/blobs/${digest}`)).status, 404, 'but upstream’s word');
});

test('an interrupted download resumes', async () => {
  await using origin = await startOrigin();
  const bytes = someBytes(2_000_000, 'breaking');
  const digest = await pushBlob(`${origin.registry.url}/v2/app`, bytes);
  let breaks = 2;
  origin.state.before = ({ request, response }) => {
    if (request.method !== 'GET' || breaks === 0) return false;
    breaks--;
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const body = response.body(start > 0 ? 206 : 200, { 'Content-Length': bytes.length - start });
    body.write(bytes.subarray(start, start + 500_000), () => body.destroy());
    return true;
  };
  await using cache = await startCache(origin.registry);
  assert.deepEqual(await digestAt(`${cache.url}/v2/app/blobs/${digest}`), [200, digest]);
});

test('bytes with a wrong digest never reach a client completely, and are not stored', async () => {
  await using origin = await startOrigin();
  const wrong = someBytes(100_000, 'wrong');
  const digest = digestOf('right');
  origin.state.before = ({ response }) => {
    response.body(200, { 'Content-Length': wrong.length }).end(wrong);
    return true;
  };
  await using cache = await startCache(origin.registry);
  await assert.rejects(digestAt(`${cache.url}/v2/app/blobs/${digest}`));
  assert.equal(await cache.storage.blobs.size('app', digest), undefined);
  const manifest = await fetch(`${cache.url}/v2/app/manifests/${digest}`);
  assert.equal(manifest.status, 503);
  assert.deepEqual(await Array.fromAsync(cache.storage.check({ deep: true })), []);
});

test('a private origin is accessed with credentials, through the token flow; without them access is denied', async () => {
  const accounts = new Accounts(new SqliteDatabase(':memory:'));
  await accounts.addUser('anna', 'correct horse', { admin: true });
  await using origin = await startOrigin(new AccountAccess(accounts));
  const authorization = `Basic ${Buffer.from('anna:correct horse').toString('base64')}`;
  const digest = digestOf('secret');
  const pushed = await fetch(`${origin.registry.url}/v2/app/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    body: 'secret',
    headers: { authorization },
  });
  assert.equal(pushed.status, 201);
  const credentials = { user: 'anna', password: 'correct horse' };
  await using cache = await startCache(origin.registry, { credentials });
  assert.deepEqual(await digestAt(`${cache.url}/v2/app/blobs/${digest}`), [200, digest]);
  assert.equal(origin.count(/GET \/token\?.*scope=repository/), 1);
  await using stranger = await startCache(origin.registry);
  const denied = await fetch(`${stranger.url}/v2/app/blobs/${digest}`);
  assert.deepEqual([denied.status, await codesOf(denied)], [403, ['DENIED']]);
});

test('a cache rejects pushes, and names the registry to push to', async () => {
  await using origin = await startOrigin();
  await using cache = await startCache(origin.registry);
  const started = await fetch(`${cache.url}/v2/app/blobs/uploads/`, { method: 'POST' });
  assert.equal(started.status, 405);
  assert.match(await started.text(), /is a cache of http:\/\/127\.0\.0\.1:\d+: push there/);
  assert.equal((await putManifest(`${cache.url}/v2/app`, 'v1', '{}')).status, 405);
});

test('referrers and tags are the origin’s, in its pages', async () => {
  await using origin = await startOrigin();
  const app = `${origin.registry.url}/v2/app`;
  const subject = await imageManifest(app);
  for (const tag of ['a', 'b', 'c']) await putManifest(app, tag, subject);
  const signature = await imageManifest(app, {
    subject: descriptorOf(subject, MEDIA_TYPE.ociManifest),
    artifactType: 'application/x-signature',
  });
  await putManifest(app, digestOf(signature), signature);
  await using cache = await startCache(origin.registry);
  const page = await fetch(`${cache.url}/v2/app/tags/list?n=2`);
  assert.deepEqual(await page.json(), { name: 'app', tags: ['a', 'b'] });
  assert.equal(page.headers.get('link'), '</v2/app/tags/list?n=2&last=b>; rel="next"');
  const referrers = await fetch(
    `${cache.url}/v2/app/referrers/${digestOf(subject)}?artifactType=application/x-signature`,
  );
  assert.equal(referrers.headers.get('oci-filters-applied'), 'artifactType');
  const { manifests } = (await referrers.json()) as { manifests: { digest: Digest }[] };
  assert.deepEqual(
    manifests.map(({ digest }) => digest),
    [digestOf(signature)],
  );
});

test('challenges are parsed as registries write them', () => {
  assert.deepEqual(parseChallenge('Bearer realm="https://a/token",service="b",scope="repository:x:pull"'), {
    scheme: 'bearer',
    parameters: { realm: 'https://a/token', service: 'b', scope: 'repository:x:pull' },
  });
  assert.deepEqual(parseChallenge('basic realm=x'), { scheme: 'basic', parameters: { realm: 'x' } });
  assert.equal(parseChallenge('Digest realm="x"'), undefined);
  assert.equal(parseChallenge(undefined), undefined);
});

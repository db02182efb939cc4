/** What the daemon knows of images, here and at registries, and what it lets go of. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { MEDIA_TYPE } from '../src/api/oci-image.ts';
import { digestOf } from '../src/core/digest.ts';
import { startScript } from '../src/image/remote/testing/scripted-server.ts';
import { descriptorOf } from '../src/registry/testing/push.ts';
import { apiClient, errorOf, withFilters } from './harness/api-client.ts';
import { imageOf, serveImage, tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';
import { startRegistry } from './harness/registry.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, remove } = apiClient(daemon);
const ok = (...args: string[]) => daemon.ok('barge', args);

const layer = await tarOf([{ name: 'file', content: 'content' }]);
const image = imageOf([layer]);
const HERE = { os: 'linux', architecture: JSON.parse(`${image.config}`).architecture };
const elsewhere = encodeURIComponent(JSON.stringify({ os: 'linux', architecture: 's390x' }));
const here = encodeURIComponent(JSON.stringify(HERE));

/** An index with an image and what was said about it, as build tools push it. */
function attested() {
  const statement = Buffer.from(
    JSON.stringify({ _type: 'https://in-toto.io/Statement/v0.1', predicate: { x: 1 } }),
  );
  const config = Buffer.from('{}');
  const about = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      config: descriptorOf(config, MEDIA_TYPE.ociConfig),
      layers: [
        {
          ...descriptorOf(statement, 'application/vnd.in-toto+json'),
          annotations: { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v0.2' },
        },
      ],
    }),
  );
  const index = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociIndex,
      manifests: [
        { ...descriptorOf(image.manifest, MEDIA_TYPE.ociManifest), platform: HERE },
        {
          ...descriptorOf(about, MEDIA_TYPE.ociManifest),
          platform: { os: 'unknown', architecture: 'unknown' },
          annotations: {
            'vnd.docker.reference.type': 'attestation-manifest',
            'vnd.docker.reference.digest': digestOf(image.manifest),
          },
        },
      ],
    }),
  );
  return { index, about, blobs: [statement, config, image.config, layer] };
}

function serveIndex({ index, about, blobs }: ReturnType<typeof attested>) {
  const all = new Map(
    [index, about, image.manifest, ...blobs].map((bytes) => [digestOf(bytes) as string, bytes]),
  );
  return startScript((request, response) => {
    const name = request.url?.split('/').at(-1) ?? '';
    const bytes = all.get(name) ?? (request.url?.includes('/manifests/') ? index : undefined);
    if (!bytes) return response.writeHead(404).end();
    const type = bytes === index ? MEDIA_TYPE.ociIndex : MEDIA_TYPE.ociManifest;
    response.writeHead(200, { 'Content-Type': type, 'Content-Length': bytes.length });
    return response.end(request.method === 'HEAD' ? undefined : bytes);
  });
}

describe('at a registry', () => {
  test('distribution tells descriptor and platforms of an image and of an index', async () => {
    await using single = await serveImage(image);
    const one = (await get(`/distribution/${single.host}/app:1/json`)).json();
    assert.equal(one.Descriptor.digest, digestOf(image.manifest));
    assert.deepEqual(one.Platforms, [HERE]);
    const parts = attested();
    await using many = await serveIndex(parts);
    const index = (await get(`/distribution/${many.host}/app:1/json`)).json();
    assert.equal(index.Descriptor.digest, digestOf(parts.index));
    assert.equal(index.Platforms.length, 2);
    await using none = await startScript((_, response) => response.writeHead(404).end());
    const [status, message] = errorOf(await get(`/distribution/${none.host}/app:1/json`));
    assert.equal(status, 401);
    assert.match(message, /manifest for .*app:1 not found/);
  });

  test('search asks the first API and filters, and falls back to the catalog', async () => {
    const results = [
      { name: 'one', description: 'first', star_count: 5, is_official: true, is_automated: false },
      { name: 'two', description: 'second', star_count: 1, is_official: false, is_automated: false },
    ];
    await using index = await startScript((_, response) => response.end(JSON.stringify({ results })));
    const search = async (filters: object, more = '') =>
      (await get(withFilters(`/images/search?term=${index.host}/o${more}`, filters)))
        .json()
        .map(({ name }: { name: string }) => name);
    assert.deepEqual(await search({}), ['one', 'two']);
    assert.match(index.requests[0]?.url ?? '', /^\/v1\/search\?q=o&n=25$/);
    assert.deepEqual(await search({ stars: ['3'] }), ['one']);
    assert.deepEqual(await search({ 'is-official': ['false'] }), ['two']);
    assert.deepEqual(await search({}, '&limit=1'), ['one']);
    const bad = await get(`/images/search?term=${index.host}/o&limit=101`);
    assert.deepEqual(errorOf(bad), [400, 'Limit 101 is outside the range of [1, 100]']);
    assert.match(
      await ok('search', `${index.host}/o`),
      /^NAME +DESCRIPTION +STARS +OFFICIAL\none +first +5 +\[OK\]/,
    );
    await using catalog = await startScript((request, response) => {
      if (!request.url?.startsWith('/v2/_catalog')) return response.writeHead(404).end();
      return response.end(JSON.stringify({ repositories: ['team/app', 'other'] }));
    });
    const found = (await get(`/images/search?term=${catalog.host}/app`)).json();
    assert.deepEqual(
      found.map(({ name }: { name: string }) => name),
      ['team/app'],
    );
  });

  test('a manifest of the first schema is refused by name', async () => {
    await using old = await startScript((_, response) => {
      response.writeHead(200, {
        'Content-Type': 'application/vnd.docker.distribution.manifest.v1+prettyjws',
      });
      response.end('{"schemaVersion":1}');
    });
    const { code, stderr } = await daemon.barge(['pull', `${old.host}/old:1`]);
    assert.equal(code, 1);
    assert.match(stderr, /first schema/);
  });
});

test('what an index says about an image is kept, told, and sent on with it', async () => {
  const parts = attested();
  await using source = await serveIndex(parts);
  const name = `${source.host}/attested:1`;
  await ok('pull', name);
  const [bare] = (await get(`/images/${name}/attestations`)).json();
  assert.equal(bare.PredicateType, 'https://slsa.dev/provenance/v0.2');
  assert.equal(bare.Statement, undefined);
  const [full] = (await get(`/images/${name}/attestations?statement=1&platform=${here}`)).json();
  assert.deepEqual(full.Statement.predicate, { x: 1 });
  assert.deepEqual((await get(`/images/${name}/attestations?type=other`)).json(), []);
  assert.equal((await get(`/images/${name}/attestations?platform=${elsewhere}`)).status, 404);
  assert.deepEqual((await get('/images/busybox/attestations')).json(), []);

  await using target = await startRegistry(daemon.path('registry'));
  const copy = `${target.host}/attested:2`;
  await ok('tag', name, copy);
  assert.match(await ok('push', copy), new RegExp(`digest: ${digestOf(parts.index)}`));
  await ok('rmi', name, copy);
  await ok('pull', copy);
  assert.equal((await get(`/images/${copy}/attestations`)).json().length, 1);
  await ok('rmi', copy);
});

describe('a platform that an image is not for', () => {
  test('is not found by inspect, history, save, push and rm', async () => {
    const words = /image with reference busybox\S* was found but its platform \(linux\/\w+\) does not match/;
    for (const path of ['json', 'history', 'get']) {
      const [status, message] = errorOf(await get(`/images/busybox/${path}?platform=${elsewhere}`));
      assert.equal(status, 404);
      assert.match(message, words);
      assert.equal((await get(`/images/busybox/${path}?platform=${here}`)).status, 200);
    }
    assert.match(errorOf(await remove(`/images/busybox?platforms=${elsewhere}`))[1], words);
    assert.match(errorOf(await post(`/images/busybox/push?tag=latest&platform=${elsewhere}`))[1], words);
    assert.equal((await get('/images/busybox/json?platform=x')).status, 400);
  });
});

describe('importing', () => {
  test('applies instructions, and reads from an address', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/moved') response.writeHead(302, { Location: '/root.tar' }).end();
      else if (request.url === '/root.tar') response.end(layer);
      else response.writeHead(404).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    after(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await ok(
      'import',
      '--change',
      'ENV A=b',
      '--change',
      'CMD ["/file"]',
      '-m',
      'why',
      `${url}/moved`,
      'imported:1',
    );
    const { Config, Comment } = (await get('/images/imported:1/json')).json();
    assert.deepEqual([Config.Env, Config.Cmd, Comment], [['A=b'], ['/file'], 'why']);
    const none = await daemon.barge(['import', `${url}/none`, 'imported:2']);
    assert.match(none.stderr, /failed to GET http.*status 404/);
    const bad = await post('/images/create?fromSrc=-&repo=x&changes=RUN+x', layer);
    assert.equal(bad.status, 400);
    await ok('rmi', 'imported:1');
  });
});

describe('lists and prunes', () => {
  test('keep to their filters, and prune tells the bytes that it won', async () => {
    const make = async (name: string, content: string, change: string) => {
      const tar = await tarOf([{ name: 'file', content }]);
      const query = `fromSrc=-&repo=${name}&tag=1&changes=${encodeURIComponent(change)}`;
      assert.equal((await post(`/images/create?${query}`, tar)).status, 200);
      return (await get(`/images/${name}:1/json`)).json();
    };
    const one = await make('one', 'first', 'LABEL keep=yes');
    await make('two', 'second', 'LABEL keep=no');
    await ok('rmi', 'busybox');
    const list = async (filters: object) =>
      (await get(withFilters('/images/json', filters)))
        .json()
        .flatMap(({ RepoTags }: { RepoTags: string[] }) => RepoTags)
        .sort();
    assert.deepEqual(await list({ label: ['keep=yes'] }), ['one:1']);
    assert.deepEqual(await list({ 'label!': ['keep=yes'] }), ['two:1']);
    assert.deepEqual(await list({ reference: ['o*', 't*:1'] }), ['one:1', 'two:1']);
    assert.deepEqual(await list({ until: ['1h'] }), []);
    assert.deepEqual(await list({ until: [String(Math.ceil(Date.now() / 1000) + 5)] }), ['one:1', 'two:1']);
    for (const filters of [{ dangling: ['x'] }, { none: ['1'] }, { until: ['x'] }])
      assert.equal((await get(withFilters('/images/json', filters))).status, 400, JSON.stringify(filters));
    const prune = async (filters: object) => (await post(withFilters('/images/prune', filters))).json();
    assert.equal((await prune({ dangling: ['true'] })).SpaceReclaimed, 0);
    assert.equal((await prune({ dangling: ['false'], until: ['1h'] })).SpaceReclaimed, 0);
    const pruned = await prune({ dangling: ['false'], 'label!': ['keep=no'] });
    assert.equal(pruned.SpaceReclaimed, one.Size);
    assert.deepEqual(pruned.ImagesDeleted.slice(0, 2), [{ Untagged: 'one:1' }, { Deleted: one.Id }]);
    assert.deepEqual(await list({}), ['two:1']);
    assert.equal((await post(withFilters('/images/prune', { none: ['1'] }))).status, 400);
  });
});

/** A registry may send anything: it is refused in a sentence, in bounded memory, and the store stays as it was. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { MEDIA_TYPE } from '../src/api/oci-image.ts';
import { digestOf } from '../src/core/digest.ts';
import { type ScriptedServer, startScript } from '../src/image/remote/testing/scripted-server.ts';
import { descriptorOf } from '../src/registry/testing/push.ts';
import { type CraftedImage, imageOf, serveImage, tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';
import { asInstalled, footprint } from './harness/footprint.ts';

const daemon = await TestDaemon.start(asInstalled);
after(() => daemon.end());

/** Kilobytes that no answer of a registry may cost, whatever its size. */
const BOUND = 96 << 10;

const layer = await tarOf([{ name: 'file', content: 'content' }]);
const plain = imageOf([layer]);
const manifestOf = (image: CraftedImage) => JSON.parse(image.manifest.toString());
const configOf = (image: CraftedImage) => JSON.parse(image.config.toString());

/** The image with another manifest. */
const withManifest = (changes: object, image = plain): CraftedImage => ({
  ...image,
  manifest: Buffer.from(JSON.stringify({ ...manifestOf(image), ...changes })),
});

/** The image with another configuration, which the manifest names. */
function withConfig(config: unknown, image = plain): CraftedImage {
  const bytes = Buffer.isBuffer(config) ? config : Buffer.from(JSON.stringify(config));
  return withManifest({ config: descriptorOf(bytes, MEDIA_TYPE.ociConfig) }, { ...image, config: bytes });
}

const held = () =>
  ['blobs/sha256', 'blobs/sha512', 'layers', 'tmp']
    .map((name) => join(daemon.dataRoot, name))
    .flatMap((directory) =>
      existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [],
    );

const pull = async (host: string) =>
  (await daemon.api(`/images/create?fromImage=${host}/app&tag=1`, { method: 'POST' })).text;

/** Pulls what must not arrive, and looks at what that has cost and left. */
async function refused(t: TestContext, server: ScriptedServer, words: RegExp): Promise<void> {
  const before = held();
  const { result, ms, ...memory } = await footprint(daemon, () => pull(server.host));
  const last = JSON.parse(result.trim().split('\n').at(-1) ?? '{}');
  const message: string = last.errorDetail?.message ?? last.message ?? result;
  t.diagnostic(`${message.slice(0, 120)} | ${ms} ms | ${memory.before} → ${memory.daemon} kB`);
  assert.match(message, words);
  assert.doesNotMatch(message, /undefined|is not a function|not iterable|Cannot read|\n {4}at /);
  assert.ok(message.length < 1000);
  assert.deepEqual(held(), before);
  assert.deepEqual((await daemon.api('/images/json?all=1')).json(), []);
  assert.ok(memory.daemon - memory.before < BOUND, `${memory.before} → ${memory.daemon} kB`);
}

/** Sends zeros for as long as somebody reads. */
function endless(response: ServerResponse, piece = Buffer.alloc(1 << 16, ' ')): void {
  const write = () => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', write);
  write();
}

const asManifest = { 'Content-Type': MEDIA_TYPE.ociManifest };
const asIndex = { 'Content-Type': MEDIA_TYPE.ociIndex };

describe('documents without end', () => {
  const size = 100 << 20;
  for (const [title, headers] of [
    ['a manifest of 100 MB', { ...asManifest, 'Content-Length': size }],
    ['a manifest that does not end', asManifest],
    ['an index that does not end', asIndex],
  ] as const) {
    test(`${title} is read no further than 4 MB`, async (t) => {
      await using server = await startScript((_, response) => {
        response.writeHead(200, headers);
        endless(response);
      });
      await refused(t, server, /the response is larger than 4194304 bytes/);
      assert.equal(server.requests.length, 1, 'it is not asked for again');
    });
  }

  test('a configuration of 100 MB is not asked for', async (t) => {
    const config = { ...descriptorOf(plain.config, MEDIA_TYPE.ociConfig), size };
    await using server = await serveImage(withManifest({ config }));
    await refused(t, server, /configuration of 104857600 bytes is too large: at most 8388608/);
    assert.ok(!server.requests.some(({ url }) => url?.includes('/blobs/')));
  });

  test('blobs that send more than they promise are read no further', async (t) => {
    for (const bytes of [plain.config, layer]) {
      await using server = await serveImage(plain, ({ url }, response) => {
        if (!url?.endsWith(digestOf(bytes))) return false;
        endless(response);
        return true;
      });
      await refused(t, server, /has more than the \d+ bytes in its descriptor/);
    }
  });

  test('errors, first answers and redirects whose bodies do not end hold nobody up', async (t) => {
    let redirected: ServerResponse | undefined;
    await using server = await startScript(
      ({ url }, response) => {
        if (url === '/v2/') endless(response);
        else if (url?.includes('?on')) {
          response.writeHead(404);
          endless(response);
        } else {
          redirected = response.writeHead(307, { Location: '?on' });
          endless(response);
        }
      },
      { answersRoot: true },
    );
    await refused(t, server, /manifest unknown/);
    await eventually('the redirect’s connection has gone', () => redirected?.destroyed);
  });
});

describe('indexes', () => {
  const child = (digest: unknown, mediaType: string = MEDIA_TYPE.ociManifest) => ({
    mediaType,
    digest,
    size: 1000,
    platform: { os: 'linux', architecture: manifestArchitecture },
  });
  const manifestArchitecture = configOf(plain).architecture;
  const serveIndex = (index: unknown) =>
    serveImage(plain, ({ url }, response) => {
      if (!url?.endsWith('/manifests/1')) return false;
      response.writeHead(200, asIndex).end(typeof index === 'string' ? index : JSON.stringify(index));
      return true;
    });

  test('of 100,000 entries are refused for their size', async (t) => {
    const digest = digestOf('x');
    await using server = await serveIndex({ manifests: Array(100_000).fill(child(digest)) });
    await refused(t, server, /larger than 4194304 bytes/);
  });

  test('that are no indexes are refused before anything they name is asked for', async (t) => {
    const wrong: unknown[] = ['null', '7', '[]', '"x"', '{"manifests":"x"}', '{"manifests":[null]}'];
    const digests = ['../../../v2/other/manifests/1', undefined, 7, 'sha256:00', 'latest'];
    for (const index of [...wrong, ...digests.map((digest) => ({ manifests: [child(digest)] }))]) {
      await using server = await serveIndex(index);
      await refused(t, server, /not a JSON object|does not name manifests/);
      assert.equal(server.requests.length, 1);
    }
  });

  test('that name themselves, or nest without end, are followed once', async (t) => {
    const inner = { manifests: [child(digestOf('deeper'), MEDIA_TYPE.ociIndex)] };
    const bytes = Buffer.from(JSON.stringify(inner));
    const outer = { manifests: [child(digestOf(bytes), MEDIA_TYPE.ociIndex)] };
    const script = (answers: readonly unknown[]) =>
      startScript((_, response) => {
        const index = answers[Math.min(answers.length, ++count) - 1];
        response.writeHead(200, asIndex).end(JSON.stringify(index));
      });
    let count = 0;
    await using nested = await script([outer, inner]);
    await refused(t, nested, /index that names another index/);
    assert.equal(nested.requests.length, 2);
    count = 0;
    await using circle = await script([outer]);
    await refused(t, circle, /verification failed/);
    assert.equal(circle.requests.length, 2);
  });

  test('with thousands of attestations bring a few', async () => {
    const digest = digestOf(plain.manifest);
    const about = Array.from({ length: 5000 }, (_, i) => ({
      ...child(digestOf(`about ${i}`)),
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: {
        'vnd.docker.reference.type': 'attestation-manifest',
        'vnd.docker.reference.digest': digest,
      },
    }));
    await using server = await serveImage(plain, ({ url }, response) => {
      if (url?.endsWith('/manifests/1'))
        response.writeHead(200, asIndex).end(JSON.stringify({ manifests: [child(digest), ...about] }));
      else if (url?.includes('/manifests/') && !url.endsWith(digest)) response.writeHead(404).end();
      else return false;
      return true;
    });
    assert.match(await pull(server.host), /Downloaded newer image/);
    assert.equal(server.requests.filter(({ url }) => url?.includes('/manifests/')).length, 2 + 16);
    await daemon.ok('barge', ['rmi', `${server.host}/app:1`]);
  });
});

describe('manifests', () => {
  const [own] = manifestOf(plain).layers;

  test('with layers that make no sense are refused before a layer is asked for', async (t) => {
    const cases: [object, RegExp][] = [
      [{ layers: [{ ...own, size: -1 }] }, /does not name a configuration and layers/],
      [{ layers: [{ ...own, size: 1e18 }] }, /does not name a configuration and layers/],
      [{ layers: [{ ...own, size: '5' }] }, /does not name a configuration and layers/],
      [{ layers: [{ ...own, mediaType: undefined }] }, /does not name a configuration and layers/],
      [{ layers: Array(1000).fill(own) }, /names 1 layers and the manifest 1000/],
      [
        { layers: Array(25_000).fill({ ...own, mediaType: 'x/tar' }) },
        /names 1 layers and the manifest 25000/,
      ],
      [{ layers: [] }, /names 1 layers and the manifest 0/],
      [
        { layers: [{ ...own, mediaType: 'application/vnd.in-toto+json' }] },
        /a layer that is not an archive: sha256:/,
      ],
      [
        { layers: [{ ...own, mediaType: `${MEDIA_TYPE.ociLayer}+encrypted` }] },
        /not an archive: .*tar\+encrypted/,
      ],
      [
        { config: { ...manifestOf(plain).config, mediaType: 'application/vnd.cncf.helm.config.v1+json' } },
        /is not a container image: .*helm/,
      ],
    ];
    for (const [changes, words] of cases) {
      await using server = await serveImage(withManifest(changes));
      await refused(t, server, words);
      assert.ok(!server.requests.some(({ url }) => url?.endsWith(digestOf(layer))));
    }
  });

  test('with more layers than can be mounted are refused', async (t) => {
    await using server = await serveImage(imageOf(Array(1000).fill(layer)));
    await refused(t, server, /max depth exceeded: an image of 1000 layers cannot be mounted, at most 127/);
  });

  test('that point to other addresses with their layers are not followed there', async () => {
    await using elsewhere = await startScript((_, response) => response.end(layer));
    const foreign = {
      ...own,
      mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar',
      urls: [`${elsewhere.url}/layer`, 'file:///etc/passwd'],
    };
    await using server = await serveImage(withManifest({ layers: [foreign] }));
    assert.match(await pull(server.host), /Downloaded newer image/);
    assert.equal(elsewhere.requests.length, 0);
    await daemon.ok('barge', ['rmi', `${server.host}/app:1`]);
  });

  test('that are redirected to what is no registry are refused', async (t) => {
    for (const Location of ['file:///etc/passwd', 'gopher://127.0.0.1/', 'data:,x', 'http://[']) {
      await using server = await startScript((_, response) => response.writeHead(302, { Location }).end());
      await refused(t, server, /cannot follow the redirect to/);
    }
  });
});

describe('configurations', () => {
  const sound = configOf(plain);

  test('that are broken are refused, and named by what is wrong with them', async (t) => {
    const run = (config: object) => ({ ...sound, config });
    const cases: [unknown, RegExp][] = [
      [null, /not a JSON object/],
      [7, /not a JSON object/],
      [[], /not a JSON object/],
      [{}, /no valid rootfs.diff_ids/],
      [Buffer.from('{'), /not JSON/],
      [Buffer.from('{"author":"\xff"}', 'latin1'), /not UTF-8/],
      [Buffer.from(`${'['.repeat(3 << 20)}${']'.repeat(3 << 20)}`), /not JSON/],
      [{ ...sound, rootfs: { diff_ids: 'x' } }, /no valid rootfs.diff_ids/],
      [{ ...sound, rootfs: { diff_ids: [7] } }, /no valid rootfs.diff_ids/],
      [{ ...sound, rootfs: { diff_ids: ['sha256:00'] } }, /no valid rootfs.diff_ids/],
      [{ ...sound, rootfs: { diff_ids: [] } }, /names 0 layers and the manifest 1/],
      [{ ...sound, architecture: {} }, /"architecture" has the wrong type/],
      [{ ...sound, created: 'yesterday' }, /"created" has the wrong type/],
      [{ ...sound, history: 7 }, /"history" has the wrong type/],
      [{ ...sound, history: [null] }, /"history\[0\]" has the wrong type/],
      [{ ...sound, history: [{ empty_layer: 'yes' }] }, /"history\[0\]\.empty_layer" has the wrong type/],
      [{ ...sound, config: 7 }, /"config" has the wrong type/],
      [run({ Env: 'PATH=/' }), /"config\.Env" has the wrong type/],
      [run({ Env: [null] }), /"config\.Env" has the wrong type/],
      [run({ Cmd: { 0: 'x' } }), /"config\.Cmd" has the wrong type/],
      [run({ Labels: [1] }), /"config\.Labels" has the wrong type/],
      [run({ Volumes: { '/x': [[]] } }), /"config\.Volumes" has the wrong type/],
      [run({ ExposedPorts: 80 }), /"config\.ExposedPorts" has the wrong type/],
      [run({ Healthcheck: { Test: 'x' } }), /"config\.Healthcheck\.Test" has the wrong type/],
    ];
    for (const [config, words] of cases) {
      await using server = await serveImage(withConfig(config));
      await refused(t, server, words);
    }
  });

  test('with members of null, as Go writes them, are images all the same', async () => {
    const config = { Env: null, Cmd: null, Volumes: null, Labels: null, Healthcheck: null, OnBuild: null };
    await using server = await serveImage(withConfig({ ...sound, config, history: null, created: null }));
    assert.match(await pull(server.host), /Downloaded newer image/);
    const name = `${server.host}/app:1`;
    for (const verb of ['inspect', 'history']) await daemon.ok('barge', [verb, name]);
    await daemon.ok('barge', ['rmi', name]);
  });

  test('that name a layer twice are images that run', async () => {
    await daemon.makeBusybox();
    const other = await tarOf([{ name: '.wh.file', content: '' }]);
    await using server = await serveImage(imageOf([layer, other, layer, other]));
    await using again = await serveImage(imageOf([layer, other, layer]));
    for (const { host } of [server, again]) assert.match(await pull(host), /Downloaded newer image/);
    for (const [{ host }, expected] of [
      [server, '! -e'],
      [again, '-e'],
    ] as const) {
      const look = `RUN --mount=type=bind,from=${host}/app:1,target=/m test ${expected} /m/file`;
      await daemon.ok('barge', ['build', '-q', '-'], { input: `FROM busybox\n${look}` });
    }
    await daemon.ok('barge', ['image', 'prune', '-af']);
  });
});

test('after all that, the store is whole and the daemon has nothing to complain of', async () => {
  const { stdout, code } = await daemon.barge(['system', 'check', '--deep']);
  assert.match(stdout, /: 0 problems, 0 repaired\n$/);
  assert.equal(code, 0);
  assert.doesNotMatch(daemon.log, /unhandled|uncaught|TypeError/i);
});

/** Archives of images whose documents are not to be believed: refused in a sentence, at once, and nothing stays. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, type TestContext, test } from 'node:test';
import { MEDIA_TYPE } from '../src/api/oci-image.ts';
import { digestOf } from '../src/core/digest.ts';
import { imageOf, type TarEntry, tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';
import { asInstalled, footprint } from './harness/footprint.ts';
import { rawHeader } from './harness/raw-tar.ts';

const daemon = await TestDaemon.start(asInstalled);
after(() => daemon.end());

/** Kilobytes: 64 MB of documents are held at most. */
const BOUND = 192 << 10;
/** Milliseconds, on a busy machine: what would take hours must take seconds. */
const AT_ONCE = 30_000;

const layer = await tarOf([{ name: 'file', content: 'content' }]);
const { config } = imageOf([layer]);
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const held = () =>
  ['blobs/sha256', 'layers', 'tmp'].flatMap((name) => readdirSync(join(daemon.dataRoot, name)));

const load = (body: Buffer | Readable) =>
  daemon.api('/images/load?quiet=1', {
    method: 'POST',
    body,
    headers: { 'Content-Type': 'application/x-tar' },
  });

async function refused(t: TestContext, body: Buffer | Readable, words: RegExp): Promise<void> {
  const { result, ms, before, daemon: peak } = await footprint(daemon, () => load(body));
  const message = JSON.parse(result.text).error;
  t.diagnostic(`${result.status} ${message.slice(0, 120)} | ${ms} ms | ${before} → ${peak} kB`);
  assert.match(message, words);
  assert.equal(result.status, 200);
  assert.ok(message.length < 1000 && !/undefined|not a function|not iterable|Cannot read/.test(message));
  assert.ok(peak - before < BOUND && ms < AT_ONCE, `${before} → ${peak} kB, ${ms} ms`);
  assert.deepEqual(held(), []);
  assert.deepEqual((await daemon.api('/images/json?all=1')).json(), []);
}

const LAYER: TarEntry = { name: 'layer.tar', content: layer };
const CONFIG: TarEntry = { name: 'config.json', content: config };
const IMAGE = { Config: 'config.json', RepoTags: ['hostile:1'], Layers: ['layer.tar'] };
const manifestJson = (entries: unknown): TarEntry => ({ name: 'manifest.json', content: json(entries) });

test('documents of 100 MB are named with their size, and not read', async (t) => {
  for (const name of ['manifest.json', 'index.json']) {
    const size = 100 << 20;
    const pieces = function* () {
      yield rawHeader({ name: 'oci-layout', size: 0 });
      yield rawHeader({ name, size });
      for (let i = 0; i < 100; i++) yield Buffer.alloc(1 << 20, ' ');
      yield Buffer.alloc(1024);
    };
    await refused(
      t,
      Readable.from(pieces(), { objectMode: false }),
      new RegExp(`"${name}" .* 104857600 bytes: at most`),
    );
  }
});

test('what an archive may have is bounded: files, documents, names', async (t) => {
  const many = function* () {
    for (let i = 0; i < 100_100; i++) yield rawHeader({ name: `file${i}`, size: 0 });
    yield Buffer.alloc(1024);
  };
  await refused(t, Readable.from(many(), { objectMode: false }), /more than 100000 files/);
  const large = function* () {
    for (let i = 0; i < 10; i++) {
      yield rawHeader({ name: `document${i}`, size: 8 << 20 });
      yield Buffer.alloc(8 << 20, ' ');
    }
    yield Buffer.alloc(1024);
  };
  await refused(t, Readable.from(large(), { objectMode: false }), /more than 67108864 bytes of manifests/);
  await refused(
    t,
    await tarOf([{ name: `${'n/'.repeat(5000)}file`, content: '' }]),
    /a name of 10004 characters/,
  );
});

test('a configuration that is none is refused before any image is there', async (t) => {
  const sound = JSON.parse(config.toString());
  const second = { ...IMAGE, Config: 'second.json', RepoTags: ['hostile:2'] };
  for (const [broken, words] of [
    [{ ...sound, config: { Env: 'x' } }, /"config\.Env" has the wrong type/],
    [{ ...sound, history: [null] }, /"history\[0\]" has the wrong type/],
    [{ ...sound, rootfs: { diff_ids: Array(1000).fill(digestOf(layer)) } }, /max depth exceeded/],
    [null, /not a JSON object|neither a JSON object nor an array/],
  ] as const) {
    const document = { name: 'second.json', content: json(broken) };
    await refused(t, await tarOf([LAYER, CONFIG, document, manifestJson([IMAGE, second])]), words);
  }
});

test('layers that are named but are not in the archive, or lead out of it, are refused', async (t) => {
  const of = (layers: readonly unknown[], ...more: TarEntry[]) =>
    tarOf([CONFIG, ...more, manifestJson([{ ...IMAGE, Layers: layers }])]);
  await refused(t, await of(['layer.tar']), /does not have the layer "layer.tar"/);
  await refused(t, await of(['../../../../etc/passwd']), /leads out of the archive/);
  await refused(t, await of(['/etc/passwd']), /leads out of the archive/);
  await refused(t, await of([null]), /does not have the layer "null"/);
  const link = (linkname: string): TarEntry => ({ name: 'layer.tar', type: 'symlink', linkname });
  await refused(t, await of(['layer.tar'], link('/etc/passwd')), /link that leads out of the archive/);
  await refused(t, await of(['layer.tar'], link('../../etc/passwd')), /leads out of the archive/);
  await refused(t, await of(['layer.tar'], link('layer.tar')), /leads nowhere/);
  await refused(t, await of(['layer.tar'], link('elsewhere.tar')), /does not have the layer/);
});

const described = (bytes: Buffer, mediaType: string) => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
});
const blob = (bytes: Buffer): TarEntry => ({
  name: `blobs/${digestOf(bytes).replace(':', '/')}`,
  content: bytes,
});
const layout = (index: unknown, ...blobs: readonly Buffer[]) =>
  tarOf([
    { name: 'oci-layout', content: '{}' },
    { name: 'index.json', content: json(index) },
    ...blobs.map(blob),
  ]);

test('indexes that name each other more often than anybody can follow are followed once', async (t) => {
  const blobs: Buffer[] = [];
  let children: unknown[] = [described(json({ gone: true }), MEDIA_TYPE.ociManifest)];
  for (let depth = 0; depth < 4; depth++) {
    const index = json({ manifests: Array(10_000).fill(children[0]) });
    blobs.push(index);
    children = [described(index, MEDIA_TYPE.ociIndex)];
  }
  const laughs = await layout({ manifests: Array(10_000).fill(children[0]) }, ...blobs);
  await refused(t, laughs, /contains no images|name more than 200000 images/);
  const deep = json({ manifests: children });
  await refused(
    t,
    await layout({ manifests: [described(deep, MEDIA_TYPE.ociIndex)] }, deep, ...blobs),
    /nests too deeply/,
  );
});

test('an index that names itself cannot be, and one that tries is refused', async (t) => {
  const own = digestOf('itself');
  const index = json({ manifests: [{ mediaType: MEDIA_TYPE.ociIndex, digest: own, size: 100 }] });
  const entries: TarEntry[] = [
    { name: 'oci-layout', content: '{}' },
    { name: 'index.json', content: index },
    { name: `blobs/${own.replace(':', '/')}`, content: index },
  ];
  const { text } = await load(await tarOf(entries));
  assert.match(JSON.parse(text).error, /does not have the digest in its name/);
  const cycle: TarEntry[] = [
    { name: 'oci-layout', content: '{}' },
    { name: 'index.json', type: 'symlink', linkname: 'other.json' },
    { name: 'other.json', type: 'symlink', linkname: 'index.json' },
  ];
  await refused(t, await tarOf(cycle), /leads nowhere/);
});

test('documents that are no JSON of the right kind, or nest without end, are refused', async (t) => {
  const deep = Buffer.from(`${'['.repeat(1 << 20)}${']'.repeat(1 << 20)}`);
  await refused(
    t,
    await tarOf([{ name: 'manifest.json', content: deep }]),
    /"manifest.json" of the archive is not JSON/,
  );
  for (const manifests of [7, 'x', [null], [7], {}, [[]]])
    await refused(
      t,
      await layout({ manifests }),
      /does not contain a list|contains a non-object|invalid digest/,
    );
});

test('the same image under ten thousand entries and names is one image, soon', async () => {
  const entries = Array.from({ length: 10_000 }, (_, i) => ({
    ...IMAGE,
    RepoTags: ['hostile:1', `hostile:${i % 100}`],
  }));
  const big = { ...JSON.parse(config.toString()), padding: 'p'.repeat(4 << 20) };
  const { result, ms } = await footprint(daemon, async () =>
    load(await tarOf([LAYER, { name: 'config.json', content: json(big) }, manifestJson(entries)])),
  );
  assert.equal(result.status, 200);
  assert.ok(ms < AT_ONCE, `${ms} ms`);
  const images = (await daemon.api('/images/json')).json();
  assert.equal(images.length, 1);
  assert.equal(images[0].RepoTags.length, 100);
  await daemon.ok('barge', ['rmi', '-f', images[0].Id]);
  assert.deepEqual(held(), []);
});

test('after all that, the store is whole', async () => {
  assert.match((await daemon.barge(['system', 'check', '--deep'])).stdout, /: 0 problems, 0 repaired\n$/);
  assert.doesNotMatch(daemon.log, /unhandled|uncaught|TypeError/i);
});

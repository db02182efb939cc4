/** Images and containers of very many files, and of very deep directories: they come, work and go, in bounded memory. */
import assert from 'node:assert/strict';
import { createReadStream, createWriteStream, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, type TestContext, test } from 'node:test';
import { constants, createGzip } from 'node:zlib';
import { Digester } from '../src/core/digest.ts';
import { descriptorOf } from '../src/registry/testing/push.ts';
import { imageOf, serveImage, tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';
import { asInstalled, BIG, type Footprint, footprint } from './harness/footprint.ts';
import { paxEntry, type RawEntry, rawEntry, rawTar } from './harness/raw-tar.ts';

const FILES = BIG ? 1_000_000 : 15_000;
const IN_ONE_DIRECTORY = BIG ? 100_000 : 6000;
/** Of one file: ext4 takes 65,000. */
const NAMES = BIG ? 60_000 : 6000;
/** Kilobytes: what the daemon and a helper may take for any of it. */
const BOUND = 128 << 10;
const BOUND_OF_HELPERS = 16 << 10;

const daemon = await TestDaemon.start(asInstalled);
after(() => daemon.end());
await daemon.makeBusybox();

const names = (directory: string) => readdirSync(join(daemon.dataRoot, directory));

function told<T>(
  t: TestContext,
  what: string,
  { result, ms, before, daemon: peak, helper }: Footprint<T>,
): T {
  t.diagnostic(`${what}: ${ms} ms, daemon ${before} → ${peak} kB, helpers up to ${helper} kB`);
  assert.ok(peak - before < BOUND && helper < BOUND_OF_HELPERS, `${what}: ${before} → ${peak}, ${helper} kB`);
  return result;
}

/** Writes a layer into a file, for there may be no room for it in memory. */
async function layerFile(name: string, entries: Iterable<RawEntry>) {
  const path = daemon.path(name);
  const [plain, packed] = [new Digester(), new Digester()];
  function* pieces() {
    for (const entry of entries) {
      const bytes = rawEntry(entry);
      plain.update(bytes);
      yield bytes;
    }
    plain.update(Buffer.alloc(1024));
    yield Buffer.alloc(1024);
  }
  async function* seen(source: AsyncIterable<Buffer>) {
    for await (const bytes of source) {
      packed.update(bytes);
      yield bytes;
    }
  }
  const source = Readable.from(pieces(), { objectMode: false, highWaterMark: 1 << 20 });
  await pipeline(source, createGzip({ level: constants.Z_BEST_SPEED }), seen, createWriteStream(path));
  const size = packed.size;
  return { path, size, diffId: plain.digest(), digest: packed.digest() };
}

/** Serves an image of that layer, over `use`. */
async function pulling(layer: Awaited<ReturnType<typeof layerFile>>, use: (name: string) => Promise<void>) {
  const { config, manifest } = imageOf([Buffer.alloc(0)], [layer.diffId]);
  const { digest, size, path } = layer;
  const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
  const changed = { ...JSON.parse(manifest.toString()), layers: [{ mediaType, digest, size }] };
  assert.equal(changed.config.digest, descriptorOf(config, mediaType).digest);
  const image = { config, manifest: Buffer.from(JSON.stringify(changed)), layers: [] };
  await using server = await serveImage(image, ({ url }, response) => {
    if (!url?.endsWith(digest)) return false;
    createReadStream(path).pipe(response.writeHead(200, { 'Content-Length': size }));
    return true;
  });
  try {
    await use(`${server.host}/trees:1`);
  } finally {
    rmSync(path);
  }
}

async function comesAndGoes(t: TestContext, entries: Iterable<RawEntry>): Promise<void> {
  const before = names('layers').sort();
  await pulling(await layerFile('layer', entries), async (name) => {
    told(
      t,
      'pull',
      await footprint(daemon, () => daemon.ok('barge', ['pull', '-q', name], { limit: 600_000 })),
    );
    const check = () => daemon.ok('barge', ['system', 'check', '--deep'], { limit: 600_000 });
    assert.match(told(t, 'check', await footprint(daemon, check)), /: 0 problems/);
    told(t, 'rmi', await footprint(daemon, () => daemon.ok('barge', ['rmi', name], { limit: 600_000 })));
  });
  await eventually('its files are gone', () => names('layers').sort().join() === before.join(), 60_000);
}

function* files(count: number, directories: number): Generator<RawEntry> {
  for (let i = 0; i < directories; i++) {
    yield { name: `d${i}`, type: '5', mode: 0o755 };
    for (let k = 0; k < count / directories; k++) yield { name: `d${i}/file${k}` };
  }
}

test(`a layer of ${FILES} empty files`, async (t) => {
  await comesAndGoes(t, files(FILES, 500));
});

test(`a layer of ${IN_ONE_DIRECTORY} files in one directory`, async (t) => {
  await comesAndGoes(t, files(IN_ONE_DIRECTORY, 1));
});

test(`a layer of ${NAMES} names of one file`, async (t) => {
  function* links(): Generator<RawEntry> {
    yield { name: 'file', content: Buffer.from('x') };
    for (let i = 0; i < NAMES; i++) yield { name: `link${i}`, type: '1', link: 'file' };
  }
  await comesAndGoes(t, links());
});

test('a layer of directories as deep as a name can say', async (t) => {
  const path = `${'d/'.repeat(2000)}file`;
  await comesAndGoes(t, [paxEntry([['path', path]]), { name: 'file', content: Buffer.from('x') }]);
});

test('a layer of directories that lie deeper than a name can say is refused, and nothing of it stays', async () => {
  const down = 'deep/'.repeat(600);
  const layer = rawTar(
    paxEntry([['path', `${down}file`]]),
    { name: 'file' },
    paxEntry([['linkpath', down]]),
    { name: 'door', type: '2' },
    paxEntry([['path', `door/${down}file`]]),
    { name: 'file' },
  );
  const before = names('layers');
  await using server = await serveImage(imageOf([layer]));
  const { stderr } = await daemon.barge(['pull', `${server.host}/deep:1`]);
  assert.match(stderr, /name too long/i);
  assert.deepEqual(names('layers'), before);
});

/** Makes directories of 60 names each in each other: a shell cannot name what lies deep, but it can go there. */
const DIG =
  'i=0; while [ $i -lt 400 ]; do mkdir -p 0123456789 && cd -P 0123456789 || break; i=$((i+1)); done; : >file; exit 0';

test('a container that has dug deep directories goes, and so does its image', async () => {
  /* Moving what was dug into what is dug next makes it deeper than any path. */
  const deeper = `for n in 1 2 3; do mkdir /t; cd /t; ${DIG.replace('; exit 0', '')}; mv /deep . 2>/dev/null; cd /; mv /t /deep; done; echo dug`;
  assert.equal(await daemon.ok('barge', ['run', '--name', 'dug', 'busybox', 'sh', '-c', deeper]), 'dug');
  const commit = await daemon.barge(['commit', 'dug']);
  assert.match(commit.stderr, /name too long/i);
  await daemon.ok('barge', ['rm', 'dug']);
  await eventually('its directory is gone', () => names('containers').length === 0);
});

test('a daemon that was killed starts beside what a container had dug, and removes it', async () => {
  const left = join(daemon.dataRoot, 'containers', 'f'.repeat(64));
  const directory = join(daemon.dataRoot, 'layers', 'tmp-0123456789ab');
  await daemon.stop('SIGKILL');
  for (const root of [left, directory]) dig(root);
  await daemon.startAgain();
  assert.deepEqual([names('containers'), names('layers').includes('tmp-0123456789ab')], [[], false]);
});

/** More than a thousand directories in each other, none of whose paths fit into a call. */
function dig(root: string): void {
  const down = Array<string>(300).fill('0123456789').join('/');
  const part = daemon.path('part');
  mkdirSync(root);
  for (let i = 0; i < 4; i++) {
    mkdirSync(join(part, down), { recursive: true });
    renameSync(root, join(part, down, 'inner'));
    renameSync(part, root);
  }
}

test('what is copied into a container ends in the directory that was named, however often that becomes a link', async () => {
  const outside = daemon.path('outside');
  mkdirSync(outside);
  const swap = `while :; do mkdir /door 2>/dev/null; rm -rf /door; ln -s /proc/${process.pid}/root${outside} /door; rm /door; done`;
  await daemon.ok('barge', ['run', '-d', '--name', 'swaps', '--pid', 'host', 'busybox', 'sh', '-c', swap]);
  const archive = await tarOf(
    Array.from({ length: 20 }, (_, i) => ({ name: `door/file${i}`, content: 'x' })),
  );
  const statuses = new Set<number>();
  for (let i = 0; i < 40; i++) {
    const put = { method: 'PUT', body: archive, headers: { 'Content-Type': 'application/x-tar' } };
    statuses.add((await daemon.api('/containers/swaps/archive?path=/', put)).status);
  }
  assert.deepEqual(readdirSync(outside), []);
  for (const status of statuses) assert.ok([200, 400, 500].includes(status), `${status}`);
  await daemon.ok('barge', ['rm', '-f', 'swaps']);
});

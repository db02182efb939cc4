/** Archives that people hand to the daemon, in every place that takes one: contained or refused in a sentence. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32, gzipSync, zstdCompressSync } from 'node:zlib';
import { digestOf } from '../src/core/digest.ts';
import { imageOf, serveImage, tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually, execute } from './harness/execute.ts';
import { asInstalled, BIG, footprint } from './harness/footprint.ts';
import { paxEntry, type RawEntry, rawEntry, rawHeader, rawTar } from './harness/raw-tar.ts';

type Archive = Buffer | (() => Readable);
type Answer = { readonly status: number; readonly text: string };
const TAR = { 'Content-Type': 'application/x-tar' };

const daemon = await TestDaemon.start(asInstalled);
after(() => daemon.end());
await daemon.makeBusybox();

const bodyOf = (archive: Archive) => (Buffer.isBuffer(archive) ? archive : archive());
const post = (to: TestDaemon, path: string, archive: Archive, method = 'POST'): Promise<Answer> =>
  to.api(path, { method, body: bodyOf(archive), headers: TAR });

async function whole(archive: Archive): Promise<Buffer> {
  if (Buffer.isBuffer(archive)) return archive;
  const parts: Buffer[] = [];
  for await (const part of archive()) parts.push(part);
  return Buffer.concat(parts);
}

async function asBuild(to: TestDaemon, name: string, archive: Archive): Promise<Answer> {
  const dockerfile = `FROM busybox\nADD ${name} /added/\n`;
  const context = await tarOf([
    { name: 'Dockerfile', content: dockerfile },
    { name, content: await whole(archive) },
  ]);
  return await post(to, '/build?q=1', context);
}

/** A layer of an archive of images whose configuration does not know it. */
async function asLayer(to: TestDaemon, archive: Archive, diffId = digestOf('another')): Promise<Answer> {
  const layer = await whole(archive);
  const { config } = imageOf([layer], [diffId]);
  const manifest = [{ Config: 'config.json', RepoTags: ['hostile:1'], Layers: ['layer.tar'] }];
  const entries = [
    { name: 'layer.tar', content: layer },
    { name: 'config.json', content: config },
    { name: 'manifest.json', content: JSON.stringify(manifest) },
  ];
  return await post(to, '/images/load?quiet=1', await tarOf(entries));
}

async function asPulled(to: TestDaemon, archive: Archive): Promise<Answer> {
  const layer = await whole(archive);
  await using server = await serveImage(imageOf([layer], [digestOf('another')]));
  return await to.api(`/images/create?fromImage=${server.host}/app&tag=1`, { method: 'POST' });
}

async function asCopied(to: TestDaemon, archive: Archive): Promise<Answer> {
  const create = { method: 'POST', body: { Image: 'busybox', Cmd: ['true'] } };
  const { Id } = (await to.api('/containers/create', create)).json();
  try {
    return await post(to, `/containers/${Id}/archive?path=/`, archive, 'PUT');
  } finally {
    await to.api(`/containers/${Id}?force=1`, { method: 'DELETE' });
  }
}

async function asVolume(to: TestDaemon, archive: Archive): Promise<Answer> {
  const response = await post(to, '/barge/volumes/hostile/import', archive);
  if (response.status === 201) await to.api('/volumes/hostile', { method: 'DELETE' });
  return response;
}

const SINKS: Readonly<Record<string, (to: TestDaemon, archive: Archive) => Promise<Answer>>> = {
  import: (to, archive) => post(to, '/images/create?fromSrc=-', archive),
  'build context': (to, archive) => post(to, '/build?q=1', archive),
  ADD: (to, archive) => asBuild(to, 'hostile.tar', archive),
  load: (to, archive) => asLayer(to, archive),
  pull: asPulled,
  cp: asCopied,
  'volume import': asVolume,
};

const directories = (of: TestDaemon) => `/proc/${of.pid}/root${of.dataRoot}`;
function held(of: TestDaemon): string[] {
  return ['blobs/sha256', 'layers', 'tmp', 'volumes', 'containers']
    .map((name) => join(directories(of), name))
    .flatMap((directory) =>
      existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [],
    )
    .sort();
}

/** Removes what a sink may have made, and holds what is left against what was there before. */
async function leavesNothing(of: TestDaemon, before: readonly string[], why: string): Promise<void> {
  await of.api('/images/hostile:1?force=1', { method: 'DELETE' });
  await of.api(`/images/prune?filters=${encodeURIComponent('{"dangling":["true"]}')}`, { method: 'POST' });
  await of.api('/build/prune?all=1', { method: 'POST' });
  const isAsBefore = () => held(of).join() === before.join();
  await eventually('what was made has gone', isAsBefore).catch(() => {});
  assert.deepEqual(held(of), before, why);
}

const messageOf = ({ text }: Answer) =>
  /"message":"((?:[^"\\]|\\.)*)"/.exec(text.trim().split('\n').at(-1) ?? '')?.[1] ?? '';

function assertSaid(response: Answer, words: RegExp, why: string): void {
  const message = messageOf(response);
  assert.match(message, words, `${why}: ${response.text.slice(0, 500)}`);
  assert.doesNotMatch(message, /undefined|is not a function|not iterable|Cannot read|\n {4}at /, why);
  assert.ok(message.length < 2000, why);
}

const file = (name: string, content: string | Buffer = 'x'): RawEntry => ({
  name,
  content: Buffer.from(content),
});
const outside = daemon.path('outside');
mkdirSync(outside);
writeFileSync(join(outside, 'kept'), 'kept');

/** What ADD and a build context say where it is something else than the rest. */
interface Otherwise {
  readonly added?: RegExp;
  readonly context?: RegExp;
}

const HOSTILE: readonly (readonly [
  title: string,
  archive: Buffer,
  refused?: RegExp,
  otherwise?: RegExp | Otherwise,
])[] = [
  [
    'a name with ..',
    rawTar(file(`a/../../../../../../..${outside}/new`)),
    /leaves its directory/,
    { added: /^$/, context: /Dockerfile/ },
  ],
  ['an absolute name', rawTar(file(`${outside}/new`))],
  ['a file through a link', rawTar({ name: 'door', type: '2', link: outside }, file('door/new'))],
  [
    'a file through a link upwards',
    rawTar({ name: 'door', type: '2', link: `../../../../../..${outside}` }, file('door/new')),
  ],
  [
    'a directory in the place of a link',
    rawTar({ name: 'door', type: '2', link: outside }, { name: 'door', type: '5' }, file('door/new')),
  ],
  [
    'a hard link outside',
    rawTar({ name: 'hard', type: '1', link: `${outside}/kept` }, file('hard', 'changed')),
    /hard link to/,
    /hard link to/,
  ],
  [
    'a hard link through a link',
    rawTar({ name: 'door', type: '2', link: outside }, { name: 'hard', type: '1', link: 'door/kept' }),
    /hard link to/,
    /hard link to/,
  ],
  [
    'a hard link with ..',
    rawTar({ name: 'hard', type: '1', link: `../../../../..${outside}/kept` }),
    /leaves its directory/,
    { added: /hard link to/, context: /hard link to/ },
  ],
  [
    'a whiteout through a link',
    rawTar({ name: 'door', type: '2', link: outside }, file('door/.wh.kept'), file('door/.wh..wh..opq')),
  ],
  [
    'devices and modes',
    rawTar({ name: 'disk', type: '4' }, { name: 'pipe', type: '6' }, { ...file('root'), mode: 0o7777 }),
  ],
  [
    'a file of 8 EB',
    rawTar({ name: 'big', size: 2n ** 63n - 1n, content: Buffer.from('x') }),
    /ends in the middle|Dockerfile/,
    /\w/,
  ],
  ['a negative size', rawTar({ name: 'big', size: -1n }), /negative size/],
  ['a pax header of 1 GB', rawTar({ name: 'pax', type: 'x', size: 1 << 30 }), /extended header is too large/],
  [
    'a name of a megabyte',
    rawTar({ name: '@', type: 'L', content: Buffer.from('n'.repeat(1_000_000)) }, file('@')),
    /name too long/i,
  ],
  ['an archive that is cut', rawTar(file('cut', 'x'.repeat(5000))).subarray(0, 3000), /ends in the middle/],
  [
    'an archive in an archive',
    gzipSync(gzipSync(rawTar(file('inner')))),
    /not a tar archive|ends in the middle of: a header/,
    /^$/,
  ],
  [
    'a broken gzip',
    gzipSync(rawTar(file('a', Buffer.alloc(9000, 'ab')))).subarray(0, 60),
    /decompressing failed/,
    /^$/,
  ],
  ['a zstd frame that wants 1 GB', zstdFrame(30, rawTar(file('a'))), /decompressing failed: .*memory/, /^$/],
  [
    'an xz archive that wants 4 GB',
    await greedyXz(rawTar(file('a'))),
    /xz could not decompress/,
    /xz could not decompress/,
  ],
];

/** A zstd frame (RFC 8878) that wants a window of that size: `bytes` as they are, then many equal ones. */
function zstdFrame(windowLog: number, bytes: Buffer, equal = 0, byte = 0): Buffer {
  const BLOCK_SIZE = 128 << 10;
  const block = (content: Buffer, size: number, kind: 0 | 1, isLast: boolean) => {
    const header = Buffer.alloc(3);
    header.writeUIntLE((size << 3) | (kind << 1) | (isLast ? 1 : 0), 0, 3);
    return Buffer.concat([header, content]);
  };
  const one = block(Buffer.from([byte]), BLOCK_SIZE, 1, false);
  return Buffer.concat([
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3]),
    block(bytes, bytes.length, 0, false),
    ...Array<Buffer>(equal / BLOCK_SIZE).fill(one),
    block(Buffer.alloc(1024), 1024, 0, true),
  ]);
}

/** Says that its dictionary has 4 GB: what is unpacked would be kept up to that. */
async function greedyXz(bytes: Buffer): Promise<Buffer> {
  const path = daemon.path('greedy');
  writeFileSync(path, bytes);
  await execute(['xz', '-0', '-T1', path]);
  const packed = readFileSync(`${path}.xz`);
  packed[16] = 40;
  packed.writeUInt32LE(crc32(packed.subarray(12, 20)), 20);
  return packed;
}

describe('hostile archives', () => {
  for (const [title, archive, refused, otherwise = {}] of HOSTILE) {
    const { added, context }: Otherwise = otherwise instanceof RegExp ? { added: otherwise } : otherwise;
    test(title, async () => {
      for (const [sink, give] of Object.entries(SINKS)) {
        const before = held(daemon);
        const response = await give(daemon, archive);
        const other = sink === 'ADD' ? added : sink === 'build context' ? context : undefined;
        const words = other ?? refused;
        if (words) assertSaid(response, words, sink);
        else assert.doesNotMatch(messageOf(response), /unexpected|undefined/i, sink);
        assert.deepEqual(readdirSync(outside), ['kept'], sink);
        assert.equal(readFileSync(join(outside, 'kept'), 'utf8'), 'kept', sink);
        await leavesNothing(daemon, before, sink);
      }
    });
  }

  test('the daemon lives on, and its store is whole', async () => {
    const { stdout } = await daemon.barge(['system', 'check', '--deep']);
    assert.match(stdout, /: 0 problems, 0 repaired\n$/);
    assert.doesNotMatch(daemon.log, /unhandled|uncaught|TypeError/i);
  });
});

/** Kilobytes. A zstd frame may want a window of 128 MB, and gets it. */
const BOUND = 192 << 10;
const BOUND_OF_HELPERS = 16 << 10;
const BOMB = (BIG ? 10_240 : 128) * 2 ** 20;
const MEMBER = 16 << 20;

const bombHead = (size: number) => rawHeader({ name: 'bomb', size });

/** A tar of one file with that many equal bytes, compressed piece by piece: both formats allow that. */
function bomb(pack: (bytes: Buffer) => Buffer, byte: string | number, size = BOMB): () => Readable {
  const head = pack(bombHead(size));
  const member = pack(Buffer.alloc(MEMBER, byte));
  return () =>
    Readable.from(
      (function* () {
        yield head;
        for (let i = 0; i < size / MEMBER; i++) yield member;
        yield pack(Buffer.alloc(1024));
      })(),
      { objectMode: false },
    );
}

const quick = (bytes: Buffer) => gzipSync(bytes, { level: 1 });

/** What each place says of a tar of one file whose digest nobody knew: where it may be, it is. */
const OUTCOMES: Readonly<Record<string, RegExp>> = {
  import: /^$/,
  load: /invalid diffID for layer 0/,
  pull: /has digest sha256:\w+ where sha256:\w+ was expected/,
  cp: /^$/,
  'volume import': /^$/,
  'build context': /failed to read dockerfile/,
};

describe(`archives that unpack to ${BOMB / 2 ** 20} MB of zeros`, () => {
  for (const [format, archive] of [
    ['gzip', bomb(quick, 0)],
    ['zstd', bomb(zstdCompressSync, 0)],
    ['zstd with a large window', () => Readable.from([zstdFrame(27, bombHead(BOMB), BOMB, 1)])],
  ] as const) {
    test(`${format}: memory is bounded, and holes take no disk`, async (t) => {
      for (const [sink, words] of Object.entries(OUTCOMES)) {
        if (format.includes('window') && sink !== 'load') continue;
        const before = held(daemon);
        const took = await footprint(daemon, () => SINKS[sink]?.(daemon, archive) as Promise<Answer>);
        const { result, ms, daemon: peak, helper } = took;
        assertSaid(result, words, sink);
        t.diagnostic(
          `${sink}: ${result.status} ${messageOf(result).slice(0, 80)} | ${ms} ms | ${took.before} → ${peak} kB, helpers ${helper} kB`,
        );
        assert.ok(
          peak - took.before < BOUND && helper < BOUND_OF_HELPERS,
          `${took.before} → ${peak}, ${helper} kB`,
        );
        await leavesNothing(daemon, before, sink);
      }
    });
  }
});

describe('archives that unpack to more than the disk has', () => {
  const onTmpfs = (dataRoot: string) => {
    const installed = asInstalled.wrapper?.(dataRoot) ?? [];
    const script = 'mkdir -p "$0" && mount -t tmpfs -o size=48m tmpfs "$0" && exec "$@"';
    return ['unshare', '-m', 'sh', '-c', script, dataRoot, ...installed];
  };
  for (const [format, archive] of [
    ['gzip', bomb(quick, 'x', 128 << 20)],
    ['zstd', bomb(zstdCompressSync, 'x', 128 << 20)],
  ] as const) {
    test(`${format}: each place says so, and gives the room back`, async (t) => {
      const small = await TestDaemon.start({ wrapper: onTmpfs });
      try {
        await small.makeBusybox();
        await fills(t, small, archive);
      } finally {
        await small.end();
      }
    });
  }
});

async function fills(t: TestContext, small: TestDaemon, archive: Archive): Promise<void> {
  const used = () => {
    const { blocks, bfree, bsize } = statfsSync(directories(small));
    return (blocks - bfree) * bsize;
  };
  for (const [sink, give] of Object.entries(SINKS)) {
    const [before, bytes] = [held(small), used()];
    const response = await give(small, archive);
    assertSaid(response, /No space left on device.*free some space|No space left on device/i, sink);
    t.diagnostic(`${sink}: ${messageOf(response).slice(0, 120)}`);
    await leavesNothing(small, before, sink);
    assert.ok(used() - bytes < 1 << 20, `${sink}: ${used() - bytes} bytes stay in use`);
  }
  assert.match((await small.barge(['system', 'check', '--deep'])).stdout, /: 0 problems, 0 repaired\n$/);
  assert.equal(await small.ok('barge', ['run', '--rm', 'busybox', 'echo', 'lives']), 'lives');
}

test('a gzip or zstd archive is refused wherever it is cut', async () => {
  const plain = rawTar(file('a', Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * i * 7919) % 251))));
  for (const packed of [gzipSync(plain), zstdCompressSync(plain)]) {
    const ends = [1, 5, 6, 7, 10, 18, 19, 100, packed.length >> 1, packed.length - 8, packed.length - 1];
    for (const end of ends) {
      const response = await post(daemon, '/images/create?fromSrc=-', packed.subarray(0, end));
      assert.equal(response.status, 400, `${end}: ${response.text}`);
      assert.match(messageOf(response), /unexpected end of file|ends in the middle/, `${end}`);
      /* A layer that breaks off at once does so before its directory is made, or while it is. */
      for (const give of [asLayer, asPulled])
        assertSaid(
          await give(daemon, packed.subarray(0, end)),
          /unexpected end of file|ends in the middle/,
          '',
        );
    }
  }
});

test('clients that go in the middle of a body that nobody has begun to read leave the daemon alone', async () => {
  const places = ['/build?remote=http://127.0.0.1:1/', '/images/load', '/barge/volumes/gone/import'];
  for (const place of places) {
    for (let i = 0; i < 20; i++) {
      const socket = connect(daemon.socket);
      await once(socket, 'connect');
      socket.write(`POST ${place} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(i)}`);
      await sleep(i % 5);
      socket.destroy();
    }
  }
  await eventually('nothing is left', () => readdirSync(join(daemon.dataRoot, 'tmp')).length === 0);
  assert.equal((await daemon.api('/_ping')).text, 'OK');
});

test('entries with headers only, a million bytes each, cost no memory', async (t) => {
  const pieces = function* () {
    const entry = rawEntry(paxEntry([['comment', 'c'.repeat(900_000)]]));
    for (let i = 0; i < 100; i++) yield Buffer.concat([entry, rawEntry(file(`file${i}`))]);
    yield Buffer.alloc(1024);
  };
  const took = await footprint(daemon, () =>
    post(daemon, '/images/create?fromSrc=-', () => Readable.from(pieces(), { objectMode: false })),
  );
  t.diagnostic(`${took.ms} ms | ${took.before} → ${took.daemon} kB, helpers ${took.helper} kB`);
  assert.equal(took.result.status, 200);
  assert.ok(took.helper < BOUND_OF_HELPERS);
});

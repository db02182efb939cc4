/** Archives that nobody would write in good faith: refused in a sentence or contained, in memory that they do not decide. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { helperProgram } from '../../src/host/helpers.ts';
import { FS_STATUS } from '../../src/host/linux/fs-status.ts';
import { paxEntry, type RawEntry, rawEntry, rawTar } from '../../test/harness/raw-tar.ts';

const ENV = { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' };
const LAYER = ['--layer'];

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'bf-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function unpack(root: string, input: Buffer, args: readonly string[] = LAYER) {
  const command = ['unpack', '--root', root, ...args];
  const { status, stderr } = spawnSync(helperProgram('barge-fs'), command, { input, env: ENV });
  return { status, stderr: stderr.toString() };
}

const text = (content: string) => Buffer.from(content);
const file = (name: string, content = 'x'): RawEntry => ({ name, content: text(content) });
const EIGHT_EXABYTES = 2n ** 63n - 1n;
const LONG = 'n'.repeat(1_000_000);

const REFUSED: readonly (readonly [title: string, archive: Buffer, message: RegExp])[] = [
  [
    'a file of 8 EB',
    rawTar({ name: 'big', size: EIGHT_EXABYTES, content: text('x') }),
    /ends in the middle of: big/,
  ],
  ['a negative size', rawTar({ name: 'big', size: -5n }), /negative size: big/],
  [
    'a size of more than 63 bits',
    rawTar({ name: 'big', sizeField: `\x80${'\xff'.repeat(11)}` }),
    /out of range/,
  ],
  ['a size in words', rawTar(paxEntry([['size', 'many']]), file('a')), /has no number: size/],
  ['a negative size of pax', rawTar(paxEntry([['size', '-1']]), file('a')), /has no number: size/],
  [
    'a size of pax beyond 63 bits',
    rawTar(paxEntry([['size', '9'.repeat(30)]]), file('a')),
    /no number: size/,
  ],
  [
    'an owner beyond 32 bits',
    rawTar(paxEntry([['uid', '4294967296']]), file('a')),
    /owner is out of range: a/,
  ],
  ['a name with a zero byte', rawTar(paxEntry([['path', 'a\0b']]), file('a')), /zero byte in it: a/],
  ['a record whose name has one', rawTar(paxEntry([['a\0b', 'c']]), file('a')), /malformed/],
  [
    'a record longer than its header',
    rawTar({ name: 'p', type: 'x', content: text('99 a=b\n') }),
    /malformed/,
  ],
  ['a pax header of 1 GB', rawTar({ name: 'p', type: 'x', size: 1 << 30 }), /extended header is too large/],
  ['a long name of 1 GB', rawTar({ name: 'p', type: 'L', size: 1 << 30 }), /extended header is too large/],
  [
    'a name of a megabyte',
    rawTar({ name: '@', type: 'L', content: text(LONG) }, file('a')),
    /n\.\.\.n.*name too long/is,
  ],
  [
    'a megabyte of directories',
    rawTar({ name: '@', type: 'L', content: text('d/'.repeat(500_000)) }, file('a')),
    /name too long/i,
  ],
  [
    'a part of a name that is too long',
    rawTar(file(`${'n'.repeat(99)}`), paxEntry([['path', 'n'.repeat(300)]]), file('a')),
    /name too long/i,
  ],
  [
    'an attribute that no file can have',
    rawTar(paxEntry([['SCHILY.xattr.user.a', 'v'.repeat(100_000)]]), file('a')),
    /attribute of a: /,
  ],
  [
    'a hard link to a directory',
    rawTar({ name: 'd', type: '5' }, { name: 'l', type: '1', link: 'd' }),
    /hard link to a directory: l/,
  ],
  [
    'a hard link to nothing',
    rawTar({ name: 'l', type: '1', link: 'gone' }),
    /hard link to gone: No such file/,
  ],
  [
    'a hard link to itself',
    rawTar(file('l'), { name: 'l', type: '1', link: 'l' }),
    /hard link to l: No such file/,
  ],
  ['a file in a file', rawTar(file('a'), file('a/b')), /Not a directory/],
  ['a link in a circle', rawTar({ name: 'a', type: '2', link: 'a' }, file('a/b')), /a: .*link/i],
  ['a link that leads nowhere', rawTar({ name: 'a', type: '2', link: '/gone' }, file('a/b')), /a: /],
  ['an unknown kind of entry', rawTar({ name: 'a', type: 'Q' }), /unknown type: a/],
  ['a whiteout of nothing', rawTar(file('d/.wh.')), /whiteout names no file/],
  ['a whiteout of a directory above', rawTar(file('d/.wh...')), /whiteout names no file/],
  ['a sparse file that ends before it begins', rawTar(sparse(-1n, [[0n, 1n]])), /negative size/],
  ['a sparse file of more than fits', rawTar(sparse(4n, [[0n, 100n]])), /does not fit/],
  ['a sparse map out of range', rawTar(sparse(4n, [[2n ** 62n, 2n ** 62n]])), /out of range|does not fit/],
];

/** An old GNU header: spans of offset and length, then the whole size. */
function sparse(size: bigint, spans: readonly (readonly [bigint, bigint])[]): RawEntry {
  const edit = (header: Buffer) => {
    const write = (value: bigint, at: number) => {
      header.fill(value < 0n ? 0xff : 0, at, at + 12);
      header.writeBigInt64BE(value, at + 4);
      header[at] = (header[at] ?? 0) | 0x80;
    };
    spans.forEach(([offset, length], i) => {
      write(offset, 386 + 24 * i);
      write(length, 386 + 24 * i + 12);
    });
    write(size, 483);
  };
  return { name: 'sparse', type: 'S', content: text('x'), edit };
}

for (const [title, archive, message] of REFUSED) {
  test(`${title} is refused in a sentence`, (t) => {
    const { status, stderr } = unpack(directory(t), archive);
    assert.match(stderr, message);
    const early = /ends in the middle of/.test(stderr);
    assert.equal(status, early ? FS_STATUS['ends-early'] : FS_STATUS.invalid, stderr);
    assert.ok(stderr.length < 1000 && !/[\0-\x09\x0b-\x1f]/.test(stderr), 'a message that can be shown');
  });
}

test('sizes of what has no content are not passed over, whatever they say', (t) => {
  const root = directory(t);
  const link: RawEntry = { name: 'link', type: '2', link: 'there', size: EIGHT_EXABYTES };
  const there: RawEntry = { name: 'directory', type: '5', size: 1024 };
  assert.equal(unpack(root, rawTar(link, there, file('after'))).stderr, '');
  assert.deepEqual(readdirSync(root).sort(), ['after', 'directory', 'link']);
});

test('names may have any byte but the slash and zero', (t) => {
  const root = directory(t);
  const names = [
    Buffer.from('new\nline'),
    Buffer.from([0xff, 0xfe, 0x41]),
    Buffer.from(' '),
    Buffer.from('\x1b[31m'),
  ];
  assert.equal(unpack(root, rawTar(...names.map((name) => ({ name, content: text('x') })))).stderr, '');
  const found = readdirSync(root, { encoding: 'buffer' });
  assert.deepEqual(found.sort(Buffer.compare), names.sort(Buffer.compare));
});

test('what stands behind the end of an archive is not read', (t) => {
  const root = directory(t);
  const archive = Buffer.concat([rawTar(file('a')), rawTar(file('b')), Buffer.alloc(3 << 20, 'garbage')]);
  assert.equal(unpack(root, archive).stderr, '');
  assert.deepEqual(readdirSync(root), ['a']);
});

test('the last entry of a name counts, whatever came before and wherever that led', (t) => {
  const [root, outside] = [directory(t), directory(t)];
  writeFileSync(join(outside, 'kept'), 'kept');
  const archive = rawTar(
    { name: 'a', type: '2', link: outside },
    { name: 'a', type: '5', mode: 0o755 },
    file('a/deep/file'),
    file('a', 'a file now'),
    { name: 'a', type: '2', link: outside },
    file('a', 'the last'),
  );
  assert.equal(unpack(root, archive).stderr, '');
  assert.equal(readFileSync(join(root, 'a'), 'utf8'), 'the last');
  assert.deepEqual(readdirSync(outside), ['kept']);
});

test('directories keep the times that the archive gives them, however often it comes back to them', (t) => {
  const root = directory(t);
  mkdirSync(join(root, 'before'));
  const at = (name: string, mtime: number): RawEntry => ({ name, type: '5', mode: 0o755, mtime });
  const archive = rawTar(
    at('.', 100),
    at('a', 200),
    at('a/b', 300),
    file('a/b/x'),
    file('a/y'),
    file('before/new'),
    at('a/b', 301),
    file('a/b/z'),
    file('a/made/for/this'),
    file('top'),
  );
  assert.equal(unpack(root, archive, []).stderr, '');
  const time = (name: string) => statSync(join(root, name)).mtimeMs / 1000;
  assert.deepEqual(['', 'a', 'a/b'].map(time), [100, 200, 301]);
  assert.ok(time('before') > 1000, 'what the archive says nothing of has the time of the change');
});

test('directories of a layer that no entry describes have the time of what they were made for', (t) => {
  const root = directory(t);
  const archive = rawTar({ ...file('a/b/first'), mtime: 500 }, { ...file('a/c/second'), mtime: 600 });
  assert.equal(unpack(root, archive).stderr, '');
  const times = ['a', 'a/b', 'a/c'].map((name) => statSync(join(root, name)).mtimeMs / 1000);
  assert.deepEqual(times, [500, 500, 600]);
});

test('a directory that lies deeper than a name can say is refused', (t) => {
  const root = directory(t);
  const down = 'deep/'.repeat(600);
  const long = (name: string): RawEntry[] => [{ name: '@', type: 'L', content: text(name) }];
  const archive = rawTar(
    ...long(`${down}file`),
    file('@'),
    ...[{ name: '@', type: 'K', content: text(down) }],
    { name: 'door', type: '2' },
    ...long(`door/${down}file`),
    file('@'),
  );
  const { status, stderr } = unpack(root, archive);
  assert.match(stderr, /name too long/i);
  assert.equal(status, 2);
});

/** Feeds an archive and tells the most memory that was used for it. @returns kilobytes. */
async function peakOf(root: string, pieces: Iterable<Buffer>): Promise<number> {
  const tool: ChildProcess = spawn(helperProgram('barge-fs'), ['unpack', '--root', root, '--layer'], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: ENV,
  });
  let said = '';
  tool.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  const exited = once(tool, 'exit');
  for (const piece of pieces)
    if (!tool.stdin?.write(piece)) await once(tool.stdin as NodeJS.WritableStream, 'drain');
  /* All but the last pipe's worth has been read when what is behind the end of the archive is taken. */
  for (let i = 0; i < 8; i++)
    if (!tool.stdin?.write(Buffer.alloc(1 << 16))) await once(tool.stdin as NodeJS.WritableStream, 'drain');
  const status = readFileSync(`/proc/${tool.pid}/status`, 'utf8');
  tool.stdin?.end();
  assert.deepEqual([...(await exited), said], [0, null, '']);
  return Number(/VmHWM:\s*(\d+)/.exec(status)?.[1]);
}

function* repeated(times: number, pieces: (i: number) => readonly RawEntry[]): Generator<Buffer> {
  for (let i = 0; i < times; i += 100) {
    yield Buffer.concat(
      Array.from({ length: Math.min(100, times - i) }, (_, k) => pieces(i + k).map(rawEntry)).flat(),
    );
  }
  yield Buffer.alloc(1024);
}

test('memory does not grow with the entries of an archive, nor with their headers', async (t) => {
  const few = await peakOf(
    directory(t),
    repeated(100, (i) => [{ name: `d${i}`, type: '5' }]),
  );
  const long = 'n'.repeat(200);
  const directories = await peakOf(
    directory(t),
    repeated(20_000, (i) => [
      { name: '@', type: 'L', content: text(`${long}/${long}/${long}/${i % 500}`) },
      { name: '@', type: '5', mode: 0o755 },
    ]),
  );
  const headers = await peakOf(
    directory(t),
    repeated(20_000, () => [{ name: 'x', type: 'x', content: Buffer.alloc(0) }]),
  );
  /* The sanitizer keeps what is freed for a while. */
  const slack = process.env.BARGE_LIBEXEC?.endsWith('sanitized') ? 300_000 : 1000;
  assert.ok(directories < few + slack && headers < few + slack, `${few}, ${directories}, ${headers} kB`);
});

test('extended headers before one entry are bounded together', (t) => {
  const attribute = paxEntry([['SCHILY.xattr.user.a', 'v'.repeat(400_000)]]);
  const { status, stderr } = unpack(directory(t), rawTar(attribute, attribute, attribute, file('a')));
  assert.match(stderr, /extended header is too large/);
  assert.equal(status, 2);
});

test('links of /proc are not followed: they lead out of every root', (t) => {
  const [root, outside] = [directory(t), directory(t)];
  mkdirSync(join(root, 'proc'));
  const script = 'mount -t proc proc "$1/proc" && exec "$2" unpack --root "$1"';
  const archive = rawTar(
    { name: 'door', type: '2', link: `/proc/${process.pid}/root${outside}` },
    file('door/in'),
  );
  const command = ['-m', 'sh', '-c', script, 'sh', root, helperProgram('barge-fs')];
  const { status, stderr } = spawnSync('unshare', command, { input: archive, env: ENV });
  assert.match(stderr.toString(), /door: /);
  assert.equal(status, 2);
  assert.ok(lstatSync(join(root, 'door')).isSymbolicLink());
  assert.ok(!existsSync(join(outside, 'in')));
});

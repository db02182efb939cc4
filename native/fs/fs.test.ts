import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pack as tarPack } from 'tar-stream';
import { helperProgram } from '../../src/host/helpers.ts';
import { FS_STATUS } from '../../src/host/linux/fs-status.ts';

const ENV = { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' };

function tool(command: string, root: string, args: readonly string[] = [], input: Buffer = Buffer.alloc(0)) {
  const result = spawnSync(helperProgram('barge-fs'), [command, '--root', root, ...args], {
    input,
    env: ENV,
    maxBuffer: 64 << 20,
  });
  return { status: result.status, stdout: result.stdout, stderr: result.stderr.toString() };
}

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'bf-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

interface Entry {
  readonly name: string;
  readonly type?: 'file' | 'directory' | 'symlink' | 'link' | 'character-device' | 'fifo';
  readonly linkname?: string;
  readonly mode?: number;
  readonly content?: string;
}

async function tar(entries: readonly Entry[]): Promise<Buffer> {
  const archive = tarPack();
  for (const { content, ...header } of entries)
    archive.entry({ mtime: new Date(0), ...header }, content ?? '');
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** A tree with one of everything that a layer may hold. */
function furnish(root: string): void {
  mkdirSync(join(root, 'etc/deep'), { recursive: true, mode: 0o750 });
  writeFileSync(join(root, 'etc/file'), 'content', { mode: 0o640 });
  symlinkSync('../elsewhere', join(root, 'etc/link'));
  writeFileSync(join(root, `${'n'.repeat(150)}`), 'a long name');
  const run = (script: string) => execFileSync('sh', ['-ec', script], { cwd: root });
  run('ln etc/file etc/hard; mkfifo etc/fifo; mknod etc/device c 10 200; truncate -s 20M etc/sparse');
  run(
    'printf x | dd of=etc/sparse bs=1 seek=10000000 conv=notrunc 2>/dev/null; chmod 4755 etc/file; chown 12:34 etc/link etc/deep -h',
  );
}

test('a tree survives packing and unpacking, and the same tree gives the same bytes', (t) => {
  const [from, to] = [directory(t), directory(t)];
  furnish(from);
  const first = tool('pack', from);
  assert.equal(first.stderr, '');
  assert.equal(tool('unpack', to, [], first.stdout).stderr, '');
  assert.ok(tool('pack', to).stdout.equals(first.stdout));
  const [file, hard] = ['etc/file', 'etc/hard'].map((name) => lstatSync(join(to, name)));
  assert.equal(file?.ino, hard?.ino);
  assert.equal((file?.mode ?? 0) & 0o7777, 0o4755);
  assert.equal(readlinkSync(join(to, 'etc/link')), '../elsewhere');
  assert.deepEqual([lstatSync(join(to, 'etc/link')).uid, lstatSync(join(to, 'etc/deep')).gid], [12, 34]);
  const sparse = lstatSync(join(to, 'etc/sparse'));
  assert.equal(sparse.size, 20 << 20);
  assert.ok(sparse.blocks * 512 < 1 << 20, 'holes stay holes');
});

test('GNU tar reads what is packed, and what it writes is unpacked', (t) => {
  const [from, to, back] = [directory(t), directory(t), directory(t)];
  furnish(from);
  execFileSync('tar', ['-xf', '-', '-C', to, '--numeric-owner', '-p'], { input: tool('pack', from).stdout });
  assert.equal(readFileSync(join(to, 'etc/file'), 'utf8'), 'content');
  for (const format of ['gnu', 'pax', 'ustar']) {
    const sparse = format === 'ustar' ? [] : ['-S'];
    const names = format === 'ustar' ? ['etc'] : ['.'];
    const archive = execFileSync('tar', ['-cf', '-', `--format=${format}`, ...sparse, '-C', to, ...names], {
      maxBuffer: 64 << 20,
    });
    assert.equal(tool('unpack', back, [], archive).stderr, '', format);
    assert.ok(readFileSync(join(back, 'etc/sparse')).equals(readFileSync(join(to, 'etc/sparse'))), format);
  }
});

test('whiteouts of a layer become overlay’s, and the other way round', async (t) => {
  const root = directory(t);
  const layer = await tar([
    { name: 'gone/', type: 'directory' },
    { name: 'gone/.wh..wh..opq' },
    { name: '.wh.removed' },
    { name: '.wh.again' },
    { name: 'again/', type: 'directory' },
  ]);
  assert.equal(tool('unpack', root, ['--layer'], layer).stderr, '');
  assert.ok(lstatSync(join(root, 'removed')).isCharacterDevice());
  assert.equal(lstatSync(join(root, 'removed')).rdev, 0);
  assert.ok(lstatSync(join(root, 'again')).isDirectory());
  const names = execFileSync('tar', ['-tf', '-'], { input: tool('pack', root, ['--layer']).stdout })
    .toString()
    .trim()
    .split('\n');
  assert.deepEqual(names.sort(), [
    '.wh.removed',
    'again/',
    'again/.wh..wh..opq',
    'gone/',
    'gone/.wh..wh..opq',
  ]);
});

const HOSTILE: readonly (readonly [title: string, entries: readonly Entry[], message: RegExp])[] = [
  ['a name with ..', [{ name: '../out' }], /leaves its directory/],
  ['.. in the middle', [{ name: 'a/../../out' }], /leaves its directory/],
  [
    'a hard link with ..',
    [{ name: 'x', type: 'link', linkname: '../../etc/passwd' }],
    /leaves its directory/,
  ],
];

for (const [title, entries, message] of HOSTILE) {
  test(`${title} is refused`, async (t) => {
    const { status, stderr } = tool('unpack', directory(t), [], await tar(entries));
    assert.equal(status, 2);
    assert.match(stderr, message);
  });
}

test('absolute names and symlinks lead nowhere outside', async (t) => {
  const [root, outside] = [directory(t), directory(t)];
  const archive = await tar([
    { name: '/absolute', content: 'in' },
    { name: 'escape', type: 'symlink', linkname: outside },
    { name: 'up', type: 'symlink', linkname: '../../../../../tmp' },
  ]);
  assert.equal(tool('unpack', root, [], archive).status, 0);
  assert.equal(readFileSync(join(root, 'absolute'), 'utf8'), 'in');
  const through = tool('unpack', root, [], await tar([{ name: 'escape/planted', content: 'x' }]));
  assert.notEqual(through.status, 0);
  assert.throws(() => lstatSync(join(outside, 'planted')), { code: 'ENOENT' });
});

test('an archive that is cut short or is none is refused', async (t) => {
  const whole = await tar([{ name: 'file', content: 'x'.repeat(5000) }]);
  const cut = tool('unpack', directory(t), [], whole.subarray(0, 2000));
  assert.deepEqual([cut.status, /ends in the middle of/.test(cut.stderr)], [FS_STATUS['ends-early'], true]);
  const none = tool('unpack', directory(t), [], Buffer.alloc(2048, 'garbage'));
  assert.deepEqual([none.status, /not a tar archive/.test(none.stderr)], [FS_STATUS.invalid, true]);
});

test('a later entry takes the place of an earlier one, whatever their kinds', async (t) => {
  const root = directory(t);
  const archive = await tar([
    { name: 'thing/', type: 'directory' },
    { name: 'thing/inside', content: 'x' },
    { name: 'thing', content: 'a file now' },
  ]);
  assert.equal(tool('unpack', root, [], archive).stderr, '');
  assert.equal(readFileSync(join(root, 'thing'), 'utf8'), 'a file now');
});

test('size counts every file once, whatever names it has, and no directory', (t) => {
  const root = directory(t);
  mkdirSync(join(root, 'deep'));
  writeFileSync(join(root, 'deep/one'), 'x'.repeat(1000));
  linkSync(join(root, 'deep/one'), join(root, 'same'));
  symlinkSync('abc', join(root, 'link'));
  assert.equal(tool('size', root, []).stdout.toString(), '1003\n');
});

test('a root of a process is entered only as long as that is a child of the one that was named', (t) => {
  const root = directory(t);
  writeFileSync(join(root, 'file'), '');
  const child = spawn('sleep', ['1000']);
  t.after(() => child.kill());
  const look = (parent: number) =>
    tool('stat', `/proc/${child.pid}/root`, [
      '--of',
      `${child.pid}`,
      '--parent',
      `${parent}`,
      '--path',
      'etc',
    ]);
  assert.equal(look(process.pid).status, 0);
  const { status, stderr } = look(process.ppid);
  assert.equal(status, 1);
  assert.match(stderr, /No such process/);
});

test('lines of a file go and come, in place', (t) => {
  const root = directory(t);
  const path = join(root, 'hosts');
  writeFileSync(path, '10.0.0.1\tone\n\n10.0.0.10\tten\n10.0.0.2 two\n10.0.0.3\tdb abc');
  linkSync(path, join(root, 'mounted'));
  const change = (...args: string[]) => tool('lines', root, ['--path', 'hosts', ...args]).status;
  assert.equal(change('--drop', '10.0.0.1', '--drop', 'db abc', '--add', '10.0.0.9\tnew\n'), 0);
  assert.equal(readFileSync(join(root, 'mounted'), 'utf8'), '10.0.0.10\tten\n10.0.0.2 two\n10.0.0.9\tnew\n');
  assert.equal(change('--only', '--add', 'alone\n'), 0);
  assert.equal(readFileSync(path, 'utf8'), 'alone\n');
});

test('lines are changed of nothing but a file, and a lease on it is not waited for', async (t) => {
  const root = directory(t);
  const change = (name: string) => tool('lines', root, ['--path', name, '--add', 'x\n']);
  symlinkSync('/etc/hostname', join(root, 'link'));
  execFileSync('mkfifo', [join(root, 'fifo')]);
  for (const name of ['link', 'fifo', '../outside', 'none']) assert.equal(change(name).status, 1, name);
  writeFileSync(join(root, 'leased'), 'kept\n');
  const hold = `$SIG{IO} = 'IGNORE'; open my $f, '+<', shift; fcntl $f, 1024, 1 or die "no lease: $!"; syswrite STDOUT, '.'; sleep 1000`;
  const holder = spawn('perl', ['-e', hold, join(root, 'leased')], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  assert.match(change('leased').stderr, /Resource temporarily unavailable/);
});

test('whether a directory is empty is told without leaving the root', (t) => {
  const root = directory(t);
  mkdirSync(join(root, 'full/empty'), { recursive: true });
  symlinkSync('full', join(root, 'inner'));
  symlinkSync('/tmp', join(root, 'outer'));
  const said = (path: string) => tool('is-empty', root, ['--path', path]).stdout.toString();
  assert.deepEqual(['full', 'full/empty', 'inner', 'outer', '..', 'none'].map(said), [
    'no\n',
    'yes\n',
    'no\n',
    '',
    '',
    '',
  ]);
});

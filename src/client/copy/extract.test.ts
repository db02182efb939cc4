import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Header, pack } from 'tar-stream';
import { extractInto } from './extract.ts';

type Entry = readonly [Partial<Header> & { readonly name: string }, string?];

function tarOf(entries: readonly Entry[]): AsyncIterable<Uint8Array> {
  const tar = pack();
  for (const [header, content] of entries) tar.entry({ mtime: new Date(0), ...header }, content ?? '');
  tar.finalize();
  return tar as unknown as AsyncIterable<Uint8Array>;
}

/** A directory to extract into, and beside it a file that must not change. */
function places(t: TestContext): {
  readonly root: string;
  readonly outside: string;
  readonly target: string;
} {
  const base = mkdtempSync(join(tmpdir(), 'barge-extract-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const [root, outside] = [join(base, 'root'), join(base, 'outside')];
  for (const directory of [root, outside]) mkdirSync(directory);
  const target = join(outside, 'file');
  writeFileSync(target, 'untouched', { mode: 0o640 });
  return { root, outside, target };
}

const LEAVING: Record<string, (outside: string) => readonly Entry[]> = {
  'a name with dots': () => [[{ name: '../outside/file' }, 'x']],
  'dots after a directory': () => [[{ name: 'a/../../outside/file' }, 'x']],
  'an absolute name': (outside) => [[{ name: join(outside, 'file') }, 'x']],
  'a file through a link to a directory': (outside) => [
    [{ name: 'way', type: 'symlink', linkname: outside }],
    [{ name: 'way/file' }, 'x'],
  ],
  'a file through a relative link': () => [
    [{ name: 'way', type: 'symlink', linkname: '../outside' }],
    [{ name: 'way/file' }, 'x'],
  ],
  'a file through two links': () => [
    [{ name: 'a', type: 'symlink', linkname: '..' }],
    [{ name: 'b', type: 'symlink', linkname: 'a/outside' }],
    [{ name: 'b/file' }, 'x'],
  ],
  'a directory over a link': (outside) => [
    [{ name: 'way', type: 'symlink', linkname: outside }],
    [{ name: 'way', type: 'directory', mode: 0o777 }],
  ],
  'a directory through a link': (outside) => [
    [{ name: 'way', type: 'symlink', linkname: outside }],
    [{ name: 'way/made', type: 'directory' }],
  ],
  'a hard link to a name with dots': () => [[{ name: 'way', type: 'link', linkname: '../outside/file' }]],
  'a hard link to an absolute name': (outside) => [
    [{ name: 'way', type: 'link', linkname: join(outside, 'file') }],
  ],
  'a hard link through a link': (outside) => [
    [{ name: 'a', type: 'symlink', linkname: outside }],
    [{ name: 'way', type: 'link', linkname: 'a/file' }],
  ],
  'a file below a file': () => [
    [{ name: 'a' }, 'x'],
    [{ name: 'a/b' }, 'x'],
  ],
  'a file over a directory': () => [[{ name: 'a', type: 'directory' }], [{ name: 'a' }, 'x']],
  'a file in place of the root': () => [[{ name: '.' }, 'x']],
};

for (const [what, entries] of Object.entries(LEAVING)) {
  test(`an archive with ${what} is rejected, and nothing outside changes`, async (t) => {
    const { root, outside, target } = places(t);
    const extracting = extractInto(root, tarOf(entries(outside)), { owners: false });
    await assert.rejects(extracting, { kind: 'invalid-parameter' });
    assert.equal(readFileSync(target, 'utf8'), 'untouched');
    assert.equal(lstatSync(target).mode & 0o777, 0o640);
    assert.deepEqual(execFileSync('ls', ['-A', outside], { encoding: 'utf8' }), 'file\n');
  });
}

const REPLACING: Record<string, (root: string, target: string) => readonly Entry[]> = {
  'the link of an earlier entry': (_, target) => [
    [{ name: 'provenance.json', type: 'symlink', linkname: target }],
    [{ name: 'provenance.json' }, 'new'],
  ],
  'a link that was there': (root, target) => {
    symlinkSync(target, join(root, 'provenance.json'));
    return [[{ name: 'provenance.json' }, 'new']];
  },
  'a hard link to a link': (_, target) => [
    [{ name: 'a', type: 'symlink', linkname: target }],
    [{ name: 'provenance.json', type: 'link', linkname: 'a' }],
    [{ name: 'provenance.json' }, 'new'],
  ],
  'a named pipe that was there': (root) => {
    execFileSync('mkfifo', [join(root, 'provenance.json')]);
    return [[{ name: 'provenance.json' }, 'new']];
  },
};

for (const [what, entries] of Object.entries(REPLACING)) {
  test(`a file replaces ${what}, and nothing is written through it`, async (t) => {
    const { root, target } = places(t);
    await extractInto(root, tarOf(entries(root, target)), { owners: false });
    assert.equal(readFileSync(target, 'utf8'), 'untouched');
    assert.ok(lstatSync(join(root, 'provenance.json')).isFile());
    assert.equal(readFileSync(join(root, 'provenance.json'), 'utf8'), 'new');
  });
}

test('a link stays a link: the mode, times and owner of its target do not change', async (t) => {
  const { root, target } = places(t);
  const before = lstatSync(target);
  const entry: Entry = [
    { name: 'way', type: 'symlink', linkname: target, mode: 0o777, mtime: new Date(5000) },
  ];
  await extractInto(root, tarOf([entry]), { owners: false });
  const { mode, mtimeMs } = lstatSync(target);
  assert.deepEqual([mode, mtimeMs], [before.mode, before.mtimeMs]);
  assert.equal(lstatSync(join(root, 'way')).mtimeMs, 5000);
});

test('modes and times of directories are set after their contents, and a name may be long', async (t) => {
  const { root } = places(t);
  const deep = Array.from({ length: 20 }, () => 'd'.repeat(250)).join('/');
  const entries: Entry[] = [
    [{ name: 'closed', type: 'directory', mode: 0o555, mtime: new Date(1000) }],
    [{ name: 'closed/file', mode: 0o600 }, 'x'],
    [{ name: `${deep}/file` }, 'deep'],
  ];
  await extractInto(root, tarOf(entries), { owners: false });
  const { mode, mtimeMs } = lstatSync(join(root, 'closed'));
  assert.deepEqual([mode & 0o777, mtimeMs], [0o555, 1000]);
  const found = execFileSync('find', ['.', '-name', 'file', '-size', '-5c'], { cwd: root, encoding: 'utf8' });
  assert.deepEqual(found.trim().split('\n').sort(), [`./${deep}/file`, './closed/file'].sort());
  const longest: Entry = [{ name: 'n'.repeat(300) }, 'x'];
  await assert.rejects(extractInto(root, tarOf([longest]), { owners: false }), { code: 'ENAMETOOLONG' });
});

test('only the requested entry is written, under its new name', async (t) => {
  const { root } = places(t);
  const rename = { from: 'etc', to: 'copy' };
  const good: Entry[] = [[{ name: 'etc/', type: 'directory' }], [{ name: 'etc/hosts' }, 'x']];
  await extractInto(root, tarOf(good), { owners: false, rename });
  assert.equal(readFileSync(join(root, 'copy/hosts'), 'utf8'), 'x');
  const other: Entry = [{ name: '.ssh/authorized_keys' }, 'x'];
  await assert.rejects(extractInto(root, tarOf([other]), { owners: false, rename }), /was not requested/);
  assert.equal(lstatSync(join(root, '.ssh'), { throwIfNoEntry: false }), undefined);
});

test('a directory is not resolved through a link', async (t) => {
  const { root, outside } = places(t);
  symlinkSync(outside, join(root, 'linux_amd64'));
  const extracting = extractInto(root, tarOf([[{ name: 'file' }, 'x']]), {
    owners: false,
    below: 'linux_amd64',
  });
  await assert.rejects(extracting, /not a directory/);
});

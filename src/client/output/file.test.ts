import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Cli } from '../cli.ts';
import { replaceFile, writeOutput } from './file.ts';

const CLI = {} as Cli;

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'barge-output-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function* chunks(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}

test('a file is written completely or not at all, with the requested mode', async (t) => {
  const root = directory(t);
  await writeOutput(CLI, join(root, 'image.tar'), chunks('a', 'b'), { mode: 0o600 });
  assert.equal(readFileSync(join(root, 'image.tar'), 'utf8'), 'ab');
  assert.equal(lstatSync(join(root, 'image.tar')).mode & 0o777, 0o600);
  async function* broken() {
    yield Buffer.from('half');
    throw new TypeError('broken');
  }
  await assert.rejects(writeOutput(CLI, join(root, 'image.tar'), broken(), { mode: 0o600 }), /broken/);
  assert.equal(readFileSync(join(root, 'image.tar'), 'utf8'), 'ab');
  assert.deepEqual(readdirSync(root), ['image.tar']);
});

test('links, directories, pipes and devices are neither followed nor replaced', async (t) => {
  const root = directory(t);
  const target = join(root, 'target');
  writeFileSync(target, 'untouched');
  symlinkSync(target, join(root, 'link'));
  symlinkSync(join(root, 'nothing'), join(root, 'dangling'));
  execFileSync('mkfifo', [join(root, 'pipe')]);
  const cases: readonly (readonly [string, RegExp])[] = [
    [join(root, 'link'), /cannot write to a symbolic link directly/],
    [join(root, 'dangling'), /cannot write to a symbolic link directly/],
    [root, /cannot write to a directory/],
    [join(root, 'pipe'), /cannot write to a named pipe directly/],
    ['/dev/null', /cannot write to a character device file directly/],
    [join(root, 'missing/file'), /invalid output path: directory .* does not exist/],
  ];
  for (const [path, message] of cases) {
    const options = { mode: 0o600 };
    await assert.rejects(writeOutput(CLI, path, chunks('x'), options), message, path);
    await assert.rejects(replaceFile(path, 'x', options), message, path);
  }
  assert.equal(readFileSync(target, 'utf8'), 'untouched');
  assert.deepEqual(readdirSync(root).sort(), ['dangling', 'link', 'pipe', 'target']);
});

test('builds may write to a device, but not through a link to one', async (t) => {
  const root = directory(t);
  const options = { mode: 0o644, allowsDevices: true };
  await replaceFile('/dev/null', 'x', options);
  assert.ok(lstatSync('/dev/null').isCharacterDevice());
  symlinkSync('/dev/null', join(root, 'link'));
  await assert.rejects(replaceFile(join(root, 'link'), 'x', options), /symbolic link/);
});

test('the temporary name cannot be predicted', async (t) => {
  const root = directory(t);
  const names = new Set<string>();
  async function* watched() {
    for (const name of readdirSync(root)) names.add(name);
    yield Buffer.alloc(1 << 20);
    for (const name of readdirSync(root)) names.add(name);
  }
  for (let i = 0; i < 3; i++) await writeOutput(CLI, join(root, 'out'), watched(), { mode: 0o600 });
  const temporary = [...names].filter((name) => name !== 'out');
  assert.equal(temporary.length, 3);
  for (const name of temporary) assert.match(name, /^\.tmp-[0-9a-f]{18}$/);
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { digestOf, hexOf } from '../core/digest.ts';
import { lockFolder } from './folder-lock.ts';

const parent = mkdtempSync(join(tmpdir(), 'barge-lock-'));
after(() => rmSync(parent, { recursive: true }));
const newFolder = () => mkdtempSync(join(parent, 'f-'));

const CHILD = `
  const { lockFolder } = await import(process.argv[1]);
  try { lockFolder(process.argv[2], 'in use'); } catch (error) { console.log(error.message); process.exit(); }
  console.log('locked');
  setInterval(() => {}, 1000);
`;

/** Another process that tries to lock the folder, and keeps it locked. @returns what it says. */
async function other(folder: string) {
  const module = join(import.meta.dirname, 'folder-lock.ts');
  const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD, module, folder]);
  const gone = once(child, 'exit');
  const [said] = await once(child.stdout, 'data');
  const end = async () => {
    child.kill('SIGKILL');
    await gone;
  };
  return { said: String(said).trim(), end };
}

test('a folder is one process’s at a time, and free when that process is killed', async () => {
  const folder = newFolder();
  const first = await other(folder);
  assert.equal(first.said, 'locked');
  assert.throws(() => lockFolder(folder, 'taken'), { message: 'taken', kind: 'conflict' });
  await first.end();
  const lock = lockFolder(folder, 'taken');
  const second = await other(folder);
  assert.equal(second.said, 'in use');
  await second.end();
  lock.close();
  lockFolder(folder, 'taken').close();
});

test('the file is for this user alone, also one that was there before', () => {
  const folder = newFolder();
  const file = join(folder, 'lock');
  writeFileSync(file, '');
  chmodSync(file, 0o666);
  lockFolder(folder, 'taken').close();
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('a link in its place is refused, and nothing made where it leads', () => {
  const folder = newFolder();
  const target = join(folder, 'target');
  symlinkSync(target, join(folder, 'lock'));
  assert.throws(() => lockFolder(folder, 'taken'), /is a symbolic link/);
  assert.equal(statSync(target, { throwIfNoEntry: false }), undefined);
});

test('who knows the path alone cannot take it', async () => {
  const folder = newFolder();
  const server = createServer().listen(`\0barge-${hexOf(digestOf(folder)).slice(0, 32)}`);
  await once(server, 'listening');
  lockFolder(folder, 'taken').close();
  server.close();
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { digestOf, hexOf } from '../core/digest.ts';
import { lockDirectory } from './directory-lock.ts';

const parent = mkdtempSync(join(tmpdir(), 'barge-lock-'));
after(() => rmSync(parent, { recursive: true }));
const newDirectory = () => mkdtempSync(join(parent, 'f-'));

const CHILD = `
  const { lockDirectory } = await import(process.argv[1]);
  try { lockDirectory(process.argv[2], 'in use'); } catch (error) { console.log(error.message); process.exit(); }
  console.log('locked');
  setInterval(() => {}, 1000);
`;

/** Another process that tries to lock the directory, and keeps it locked. @returns what it says. */
async function other(directory: string) {
  const module = join(import.meta.dirname, 'directory-lock.ts');
  const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD, module, directory]);
  const gone = once(child, 'exit');
  const [said] = await once(child.stdout, 'data');
  const end = async () => {
    child.kill('SIGKILL');
    await gone;
  };
  return { said: String(said).trim(), end };
}

test('a directory is one process’s at a time, and free when that process is killed', async () => {
  const directory = newDirectory();
  const first = await other(directory);
  assert.equal(first.said, 'locked');
  assert.throws(() => lockDirectory(directory, 'taken'), { message: 'taken', kind: 'conflict' });
  await first.end();
  const lock = lockDirectory(directory, 'taken');
  const second = await other(directory);
  assert.equal(second.said, 'in use');
  await second.end();
  lock.close();
  lockDirectory(directory, 'taken').close();
});

test('the file is for this user alone, also one that was there before', () => {
  const directory = newDirectory();
  const file = join(directory, 'lock');
  writeFileSync(file, '');
  chmodSync(file, 0o666);
  lockDirectory(directory, 'taken').close();
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('a link in its place is refused, and nothing made where it leads', () => {
  const directory = newDirectory();
  const target = join(directory, 'target');
  symlinkSync(target, join(directory, 'lock'));
  assert.throws(() => lockDirectory(directory, 'taken'), /is a symbolic link/);
  assert.equal(statSync(target, { throwIfNoEntry: false }), undefined);
});

test('who knows the path alone cannot take it', async () => {
  const directory = newDirectory();
  const server = createServer().listen(`\0barge-${hexOf(digestOf(directory)).slice(0, 32)}`);
  await once(server, 'listening');
  lockDirectory(directory, 'taken').close();
  server.close();
});

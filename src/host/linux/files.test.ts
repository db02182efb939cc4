import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { LinuxFiles } from './files.ts';
import { LinuxProcesses } from './processes.ts';

const files = new LinuxFiles(new LinuxProcesses());

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'ft-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test('a tar that nobody reads before its process has ended is whole all the same', async (t) => {
  const root = directory(t);
  writeFileSync(join(root, 'file'), 'content');
  const tar = files.packTar({ root });
  /* Long enough for the process to end, whose exit makes Node drain streams without readers. */
  await setTimeout(300);
  const bytes = await buffer(tar);
  assert.match(bytes.toString('latin1'), /file[\s\S]*content/);
});

test('packing what is not there ends in an error, not in an empty tar', async () => {
  await assert.rejects(buffer(files.packTar({ root: '/nowhere/at/all' })), /packing \/nowhere\/at\/all/);
});

test('paths are resolved, and sizes added up, below a root', async (t) => {
  const root = directory(t);
  mkdirSync(join(root, 'deep'));
  writeFileSync(join(root, 'deep/file'), '12345');
  symlinkSync('/deep', join(root, 'link'));
  assert.equal(await files.resolveBelow(root, '/link/../link/file'), '/deep/file');
  await assert.rejects(files.resolveBelow(root, '/none'), /resolving \/none/);
  assert.equal(await files.directorySize(root), 5 + '/deep'.length);
});

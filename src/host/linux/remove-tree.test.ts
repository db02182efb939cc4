import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { swapping } from '../../../test/harness/swapper.ts';
import { LinuxFiles } from './files.ts';
import { LinuxProcesses } from './processes.ts';

const files = new LinuxFiles(new LinuxProcesses());

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'remove-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test('few files go, links themselves and not what they lead to; what is not there is no failure', async (t) => {
  const root = directory(t);
  const kept = join(root, 'kept');
  mkdirSync(join(root, 'tree/deep/er'), { recursive: true });
  mkdirSync(kept);
  writeFileSync(join(kept, 'file'), '');
  symlinkSync(kept, join(root, 'tree/deep/link'));
  symlinkSync(kept, join(root, 'link'));
  writeFileSync(join(root, 'file'), '');
  for (const name of ['tree', 'link', 'file', 'nothing']) await files.removeTree(join(root, name));
  assert.deepEqual(readdirSync(root), ['kept']);
  assert.deepEqual(readdirSync(kept), ['file']);
});

test('more files than are removed in this process go, and directories deeper than any path can say', async (t) => {
  const root = directory(t);
  const [wide, deep, part] = [join(root, 'wide'), join(root, 'deep'), join(root, 'part')];
  mkdirSync(wide);
  for (let i = 0; i < 3000; i++) writeFileSync(join(wide, `file${i}`), '');
  const down = Array<string>(300).fill('in-the-deep').join('/');
  mkdirSync(deep);
  for (let i = 0; i < 5; i++) {
    mkdirSync(join(part, down), { recursive: true });
    for (const name of ['beside', 'in-the-deep/beside']) mkdirSync(join(part, name));
    writeFileSync(join(part, down, 'file'), '');
    renameSync(deep, join(part, down, 'in-the-deep'));
    renameSync(part, deep);
  }
  symlinkSync(root, join(deep, 'in-the-deep/link'));
  await Promise.all([files.removeTree(wide), files.removeTree(deep)]);
  assert.deepEqual(readdirSync(root), []);
  assert.ok(existsSync(root));
});

test('what becomes a link while it is removed is not followed', async (t) => {
  const root = directory(t);
  const kept = join(root, 'kept');
  mkdirSync(kept);
  for (let i = 0; i < 20; i++) writeFileSync(join(kept, `${i}`), '');
  for (let round = 0; round < 30; round++) {
    const tree = join(root, `tree-${round}`);
    mkdirSync(join(tree, 'directory/inner'), { recursive: true });
    for (let i = 0; i < 20; i++) writeFileSync(join(tree, `directory/inner/${i}`), '');
    symlinkSync(kept, join(tree, 'directory/link'));
    await using _ = await swapping(join(tree, 'directory'), 'inner', ['link']);
    await files.removeTree(tree).catch(() => {}); /* of what is moved about, some may be left */
  }
  assert.equal(readdirSync(kept).length, 20);
});

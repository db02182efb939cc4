import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makePrivate } from './private-directory.ts';

const directory = mkdtempSync(join(tmpdir(), 'barge-private-'));
after(() => rmSync(directory, { recursive: true }));

const modeOf = (path: string) => statSync(path).mode & 0o7777;

test('a new directory has the mode, those above it too', () => {
  const path = join(directory, 'new/deep');
  makePrivate(path, 0o710);
  assert.equal(modeOf(path), 0o710);
});

for (const [before, after_] of [
  [0o755, 0o710],
  [0o777, 0o710],
  [0o1777, 0o710],
  [0o2750, 0o710],
  [0o700, 0o700],
  [0o500, 0o500],
] as const) {
  test(`one of mode ${before.toString(8)} becomes ${after_.toString(8)}`, () => {
    const path = join(directory, `old-${before.toString(8)}`);
    mkdirSync(path);
    chmodSync(path, before);
    makePrivate(path, 0o710);
    assert.equal(modeOf(path), after_);
  });
}

test('one of another user becomes ours', { skip: process.getuid?.() !== 0 }, () => {
  const path = join(directory, 'theirs');
  mkdirSync(path);
  chownSync(path, 65534, 65534);
  makePrivate(path, 0o710);
  assert.deepEqual([statSync(path).uid, statSync(path).gid], [0, process.getegid?.()]);
});

test('a file is refused', () => {
  const path = join(directory, 'file');
  writeFileSync(path, '');
  assert.throws(() => makePrivate(path, 0o710), /EEXIST|not a directory/);
});

import assert from 'node:assert/strict';
import { lstat, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { packPath } from '../build-context/pack.ts';
import { extractInto } from './extract.ts';
import { deviceNumbers } from './node.ts';

test('device numbers are split as the kernel does', () => {
  assert.deepEqual(deviceNumbers(0x0103), { devmajor: 1, devminor: 3 });
  assert.deepEqual(deviceNumbers((259 << 8) | 5), { devmajor: 259, devminor: 5 });
  assert.deepEqual(deviceNumbers(0x100000 | (8 << 8)), { devmajor: 8, devminor: 256 });
});

test('devices and pipes are copied through a tar', {
  skip: process.getuid?.() !== 0 && 'needs root',
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'barge-nodes-'));
  try {
    await extractInto(directory, packPath('/dev/null', 'nothing'), { owners: true });
    const made = await lstat(join(directory, 'nothing'));
    assert.equal(made.isCharacterDevice(), true);
    assert.equal(made.rdev, (await lstat('/dev/null')).rdev);
    assert.equal(made.mode & 0o777, 0o666);
    await extractInto(directory, packPath(join(directory, 'nothing'), 'again'), { owners: false });
    assert.equal((await lstat(join(directory, 'again'))).isCharacterDevice(), true);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

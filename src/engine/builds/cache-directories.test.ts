import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CacheMount } from '../../builder/worker.ts';
import { linuxHost } from '../../host/linux/host.ts';
import { CacheDirectories } from './cache-directories.ts';

const { signal } = new AbortController();
const mount = (sharing: CacheMount['sharing']): CacheMount => ({
  type: 'cache',
  target: '/c',
  id: 'one',
  sharing,
  readOnly: false,
  source: '/',
  mode: 0o755,
  uid: 0,
  gid: 0,
});

async function withDirectories(use: (directories: CacheDirectories) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'cache-directories-'));
  try {
    await use(new CacheDirectories(root, linuxHost().files));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

test('concurrent steps with a new cache share one directory', async () => {
  await withDirectories(async (directories) => {
    const held = await Promise.all([1, 2, 3].map(() => directories.hold(mount('shared'), undefined, signal)));
    assert.equal(new Set(held.map(({ directory }) => directory)).size, 1);
    assert.ok((await stat(held[0]?.directory ?? '')).isDirectory());
  });
});

test('a private cache is exclusive, and a locked one makes other steps wait, even concurrent ones', async () => {
  await withDirectories(async (directories) => {
    const own = await Promise.all([1, 2].map(() => directories.hold(mount('private'), undefined, signal)));
    assert.notEqual(own[0]?.directory, own[1]?.directory);
    for (const held of own) held.release();
    const [first, second] = [1, 2].map(() => directories.hold(mount('locked'), undefined, signal));
    let waited = true;
    void second?.then(() => {
      waited = false;
    });
    const held = await first;
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(waited, true);
    held?.release();
    (await second)?.release();
  });
});

import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CacheMount } from '../../builder/worker.ts';
import { CacheFolders } from './cache-folders.ts';

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

async function withFolders(use: (folders: CacheFolders) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'cache-folders-'));
  try {
    await use(new CacheFolders(root));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

test('steps that begin at once with a cache that nobody has made yet share one folder', async () => {
  await withFolders(async (folders) => {
    const held = await Promise.all([1, 2, 3].map(() => folders.hold(mount('shared'), undefined, signal)));
    assert.equal(new Set(held.map(({ folder }) => folder)).size, 1);
    assert.ok((await stat(held[0]?.folder ?? '')).isDirectory());
  });
});

test('a private cache is nobody else’s, and a locked one waits, also for whoever comes in the same moment', async () => {
  await withFolders(async (folders) => {
    const own = await Promise.all([1, 2].map(() => folders.hold(mount('private'), undefined, signal)));
    assert.notEqual(own[0]?.folder, own[1]?.folder);
    for (const held of own) held.release();
    const [first, second] = [1, 2].map(() => folders.hold(mount('locked'), undefined, signal));
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

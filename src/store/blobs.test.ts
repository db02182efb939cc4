import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf, hexOf } from '../core/digest.ts';
import { BlobStore } from './blobs.ts';
import { Database } from './database.ts';

async function withStore(use: (store: BlobStore, root: string) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'barge-blobs-'));
  try {
    await use(await BlobStore.open(root), root);
  } finally {
    await rm(root, { recursive: true });
  }
}

const files = (root: string) => readdir(join(root, 'sha256'));

test('a blob is found under its digest once it is committed', async () => {
  await withStore(async (store) => {
    const { digest, size } = await store.put(Buffer.from('hello'));
    assert.equal(digest, digestOf('hello'));
    assert.equal(size, 5);
    assert.equal((await store.read(digest)).toString(), 'hello');
    await store.remove(digest);
    assert.equal(await store.has(digest), false);
    await assert.rejects(store.read(digest), { kind: 'not-found' });
  });
});

test('content that does not match its digest or size is rejected and leaves nothing behind', async () => {
  await withStore(async (store, root) => {
    await assert.rejects(store.put(Buffer.from('bad'), { digest: digestOf('good') }), { kind: 'data-loss' });
    await assert.rejects(store.put(Buffer.from('bad'), { digest: digestOf('bad'), size: 4 }), {
      kind: 'data-loss',
    });
    assert.deepEqual(await files(root), []);
  });
});

test('an abandoned write leaves nothing, and opening the store removes the leftovers of a crash', async () => {
  await withStore(async (store, root) => {
    {
      await using writer = await store.writer();
      await writer.write(Buffer.from('half'));
      assert.equal((await files(root)).length, 1);
    }
    assert.deepEqual(await files(root), []);
    await writeFile(join(root, 'sha256', 'abc.tmp'), 'left by a crash');
    const { digest } = await store.put(Buffer.from('kept'));
    await BlobStore.open(root);
    assert.deepEqual(await files(root), [hexOf(digest)]);
  });
});

test('a transaction is applied completely or not at all', () => {
  using db = new Database(':memory:');
  const add = (name: string) =>
    db.run('INSERT INTO volumes (name, created_at, labels, options) VALUES (?, 0, ?, ?)', name, '{}', '{}');
  assert.throws(() =>
    db.transaction(() => {
      add('one');
      throw new TypeError('no');
    }),
  );
  assert.deepEqual(db.all('SELECT name FROM volumes'), []);
  db.transaction(() => add('two'));
  assert.equal(db.get<{ name: string }>('SELECT name FROM volumes')?.name, 'two');
});

test('a committed blob is removed again unless it is in use or was just committed by another writer', async () => {
  await withStore(async (store, root) => {
    const commit = async () => {
      const writer = await store.writer();
      await writer.write(Buffer.from('same'));
      const { digest } = await writer.commit();
      return { writer, digest };
    };
    const nobody = () => false;
    const first = await commit();
    const second = await commit();
    await first.writer.revoke(nobody);
    assert.equal(await store.has(first.digest), true, 'the second has it');
    await first.writer[Symbol.asyncDispose]();
    assert.equal(store.isFresh(second.digest), true);
    await second.writer.revoke((digest) => digest === first.digest);
    assert.equal(await store.has(first.digest), true, 'it is wanted');
    await second.writer.revoke(nobody);
    await second.writer[Symbol.asyncDispose]();
    assert.deepEqual([await files(root), store.isFresh(first.digest)], [[], false]);
  });
});

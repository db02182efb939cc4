import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { linuxHost } from '../../host/linux/host.ts';
import { type ContextEntry, KeptContexts } from './kept-contexts.ts';

async function withContexts(use: (contexts: KeptContexts) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'barge-kept-'));
  try {
    await use(new KeptContexts(root, linuxHost().files));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

test('paths that lead out, or through a non-directory, are rejected before anything is written', async () => {
  await withContexts(async (contexts) => {
    const context = await contexts.open('key');
    const lists: ContextEntry[][] = [
      [['../x', 'f', '1']],
      [['/x', 'f', '1']],
      [['a/../../x', 'f', '1']],
      [['a//b', 'f', '1']],
      [['a/b', 'f', '1']],
      [
        ['a', 'l', '1'],
        ['a/b', 'f', '1'],
      ],
      [[7 as never, 'f', '1']],
    ];
    for (const list of lists) {
      await assert.rejects(context.compare(list), { kind: 'invalid-parameter' }, JSON.stringify(list));
    }
  });
});

test('an interrupted transfer starts afresh: without its list, a directory counts as empty', async () => {
  await withContexts(async (contexts) => {
    const context = await contexts.open('key');
    await writeFile(join(context.files, 'stray'), 'x');
    assert.deepEqual(await context.compare([['a', 'f', '1']]), { Missing: [0], Complete: false });
    assert.deepEqual(await readdir(context.files), []);
  });
});

test('a directory is used by one build at a time; a concurrent build with the same key gets another directory', async () => {
  await withContexts(async (contexts) => {
    const first = await contexts.open('key');
    const second = await contexts.open('key');
    assert.notEqual(first.files, second.files);
    first.release();
    assert.equal((await contexts.open('key')).files, first.files);
  });
});

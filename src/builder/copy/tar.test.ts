import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { tarOf } from './tar.ts';

test('a tar ends when its reader stops early, without affecting anything else', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'barge-tar-'));
  t.after(() => rm(directory, { recursive: true }));
  const file = join(directory, 'large');
  const size = 8 << 20;
  await writeFile(file, Buffer.alloc(size));
  const entry = {
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: new Date(0),
    size,
    content: { kind: 'file', file },
  };
  const placements = [{ kind: 'entry', path: '/large', entry }] as unknown as Parameters<typeof tarOf>[0];
  const tar = tarOf(placements, new Date(0));
  await once(tar, 'readable');
  assert.ok(tar.read(512));
  const failed = once(tar, 'error');
  tar.destroy(new Error('write EPIPE'));
  assert.match(String(await failed), /write EPIPE/);
  for (let turn = 0; turn < 10; turn++) await setImmediate();
});

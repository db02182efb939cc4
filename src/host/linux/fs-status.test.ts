import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FS_STATUS, reasonOf } from './fs-status.ts';

test('barge-fs and its caller mean the same by each exit status', () => {
  const header = readFileSync(join(import.meta.dirname, '../../../native/fs/status.h'), 'utf8');
  const defined = [...header.matchAll(/^\s+([A-Z_]+) = (\d+)/gm)].map(([, name = '', value]) => [
    name.toLowerCase().replaceAll('_', '-'),
    Number(value),
  ]);
  assert.deepEqual(Object.fromEntries(defined), { ...FS_STATUS, usage: 64 });
});

test('a status that barge-fs does not define is a failure like any other', () => {
  assert.equal(reasonOf(FS_STATUS.loop), 'loop');
  assert.equal(reasonOf(137), 'failed');
  assert.equal(reasonOf(64), 'failed');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entryOf } from './entry-of.ts';

test('inherited members are not entries of a table', () => {
  const table = { a: 1, zero: 0 };
  assert.deepEqual([entryOf(table, 'a'), entryOf(table, 'zero'), entryOf(table, 'b')], [1, 0, undefined]);
  for (const key of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    assert.equal(entryOf(table, key), undefined, key);
  }
});

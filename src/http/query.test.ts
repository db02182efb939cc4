import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flag, integer, queryOf, splitTarget } from './query.ts';

test('a target is split at its first question mark', () => {
  const { path, query } = splitTarget('/a%20b?x=1?2&y=%2F');
  assert.equal(path, '/a%20b');
  assert.deepEqual(
    [...query],
    [
      ['x', '1?2'],
      ['y', '/'],
    ],
  );
  assert.equal(splitTarget('').path, '');
});

test('a zero byte in a parameter is a client error', () => {
  assert.equal(queryOf('?path=/a%20b').get('path'), '/a b');
  assert.throws(() => queryOf('?path=/tmp%00'), {
    kind: 'invalid-parameter',
    message: /path: it contains a zero/,
  });
});

test('booleans are read as Docker reads them', () => {
  const query = queryOf('?a=1&b=0&c=&d=None&e= FALSE &f=yes&g');
  const values = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => flag(query, name));
  assert.deepEqual(values, [true, false, false, false, false, true, false, false]);
  assert.equal(flag(query, 'h', true), true);
});

test('numbers are whole', () => {
  const query = queryOf('?a=-3&b=&c=1.5&d=x');
  assert.deepEqual(
    [integer(query, 'a'), integer(query, 'b'), integer(query, 'none')],
    [-3, undefined, undefined],
  );
  for (const name of ['c', 'd']) assert.throws(() => integer(query, name), { kind: 'invalid-parameter' });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { difference, merged, type Parts, sharing } from './parts.ts';

interface Example {
  readonly inner: { readonly list: readonly string[]; readonly number: number; readonly absent?: boolean };
  readonly map: Readonly<Record<string, string>>;
  readonly union: { readonly kind: 'a' } | { readonly kind: 'b'; readonly more: string };
}

const BASE: Example = { inner: { list: ['x'], number: 1 }, map: {}, union: { kind: 'a' } };

const CASES: readonly (readonly [what: string, parts: Parts<Example>, whole: Example])[] = [
  ['nothing', {}, BASE],
  ['one member', { inner: { number: 2 } }, { ...BASE, inner: { list: ['x'], number: 2 } }],
  ['an empty list', { inner: { list: [] } }, { ...BASE, inner: { list: [], number: 1 } }],
  [
    'a member without a default',
    { inner: { absent: false } },
    { ...BASE, inner: { ...BASE.inner, absent: false } },
  ],
  ['a map', { map: { kind: 'c', list: 'd' } }, { ...BASE, map: { kind: 'c', list: 'd' } }],
  ['another alternative', { union: { kind: 'b', more: 'm' } }, { ...BASE, union: { kind: 'b', more: 'm' } }],
];

for (const [what, parts, whole] of CASES) {
  test(`parts and their base make a whole, and are what differs from it: ${what}`, () => {
    assert.deepEqual(merged(parts, BASE), whole);
    assert.deepEqual(difference(whole, BASE), parts);
  });
}

test('what equals the base is the base itself, so that many share it', () => {
  const copy = structuredClone(BASE);
  assert.equal(merged(copy, BASE), BASE);
  const changed = merged({ ...copy, map: { a: 'b' } }, BASE);
  assert.equal(changed.inner, BASE.inner);
  assert.equal(changed.union, BASE.union);
  assert.equal(merged({ inner: {} }, BASE), BASE);
});

test('of an alternative, members of another one are not taken over', () => {
  const base: Example = { ...BASE, union: { kind: 'b', more: 'm' } };
  assert.deepEqual(merged({ union: { kind: 'a' } }, base).union, { kind: 'a' });
});

test('what two values have in common can be shared, and nothing else is taken over', () => {
  const model: Example = {
    inner: { list: ['y'], number: 2, absent: true },
    map: { a: 'b' },
    union: { kind: 'a' },
  };
  const value: Example = {
    inner: { list: ['y'], number: 2 },
    map: { a: 'b' },
    union: { kind: 'b', more: 'm' },
  };
  const result = sharing(value, model);
  assert.deepEqual(result, value);
  assert.equal(result.map, model.map);
  assert.equal(result.inner.list, model.inner.list);
  assert.equal(sharing(structuredClone(model), model), model);
});

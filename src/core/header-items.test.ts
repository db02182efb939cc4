import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerItems } from './header-items.ts';

const CASES: readonly (readonly [string, readonly (readonly [string, string?])[]])[] = [
  ['', []],
  ['Basic', [['Basic']]],
  [
    'Bearer realm="https://x/token",service=reg',
    [['Bearer'], ['realm', 'https://x/token'], ['service', 'reg']],
  ],
  ['Bearer realm = "a \\" b" , x', [['Bearer'], ['realm', 'a " b'], ['x']]],
  ['a="never closed, b=c', []],
  ['a=b, c="', [['a', 'b']]],
  ['x=', [['x']]],
  ['x=""', [['x', '']]],
];

for (const [header, expected] of CASES) {
  test(`items of ${JSON.stringify(header)}`, () => {
    const items = headerItems(header).map(({ name, value }) =>
      value === undefined ? [name] : [name, value],
    );
    assert.deepEqual(items, expected);
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exactInteger, integerValue } from './exact-integer.ts';

const LARGE: readonly (readonly [value: bigint, json: string])[] = [
  [7n, '7'],
  [2n ** 53n - 1n, '9007199254740991'],
  [2n ** 53n + 1n, '9007199254740993'],
  [-(2n ** 63n), '-9223372036854775808'],
  [2n ** 64n - 1n, '18446744073709551615'],
  [2n ** 64n, '18446744073709551615'],
  [2n ** 128n, '18446744073709551615'],
  [-(2n ** 70n), '-9223372036854775808'],
];
for (const [value, json] of LARGE) {
  test(`${value} is written to JSON as ${json}`, () => {
    const integer = exactInteger(value);
    assert.equal(JSON.stringify({ integer }), `{"integer":${json}}`);
    assert.equal(integerValue(integer), BigInt(json));
  });
}

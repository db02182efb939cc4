import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growthExponent } from './power-law.ts';

const curve = (cost: (count: number) => number) =>
  [1, 10, 100, 1000].map((count) => ({ count, cost: cost(count) }));

test('proportional growth has the exponent 1, quadratic growth has 2', () => {
  assert.ok(Math.abs(growthExponent(curve((n) => 3 * n)) - 1) < 1e-9);
  assert.ok(Math.abs(growthExponent(curve((n) => 0.5 * n * n)) - 2) < 1e-9);
});

test('a fixed cost does not hide growth worse than linear', () => {
  assert.ok(growthExponent(curve((n) => 1000 + n * n)) > 1.5);
});

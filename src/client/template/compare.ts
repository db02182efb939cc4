import { invalidParameter } from '../../core/errors.ts';
import { byCodePoints } from './printf.ts';
import { floatOf, goType, isInteger, isNil, NilPointer } from './values.ts';

type Basic = 'int' | 'float' | 'string' | 'bool';

function basicKind(value: unknown): Basic | undefined {
  if (isInteger(value)) return 'int';
  if (floatOf(value) !== undefined) return 'float';
  if (typeof value === 'string') return 'string';
  return typeof value === 'boolean' ? 'bool' : undefined;
}

const incompatible = () => invalidParameter('incompatible types for comparison');

/** `eq`: integers, floats, strings and booleans each with their own kind; anything with nil. */
export function same(a: unknown, b: unknown): boolean {
  const nil = (value: unknown) => isNil(value) || value instanceof NilPointer;
  const kinds = [basicKind(a), basicKind(b)];
  if (nil(a) || nil(b)) {
    if (kinds.some((kind) => kind !== undefined) && !(isNil(a) || isNil(b))) throw incompatible();
    return nil(a) && nil(b);
  }
  for (const [at, value] of [a, b].entries()) {
    if (kinds[at] === undefined) throw invalidParameter(`non-comparable type ${goType(value)}`);
  }
  if (kinds[0] !== kinds[1]) throw incompatible();
  // biome-ignore lint/suspicious/noDoubleEquals: the one comparison in which 1 and 1n are equal
  if (isInteger(a) && isInteger(b)) return a == b;
  return (floatOf(a) ?? a) === (floatOf(b) ?? b);
}

/** Negative, zero or positive, for values that have an order. */
export function compare(a: unknown, b: unknown): number {
  const [first, second] = [basicKind(a), basicKind(b)];
  if (first === undefined || second === undefined) throw invalidParameter('invalid type for comparison');
  if (first !== second) throw incompatible();
  if (first === 'bool') throw invalidParameter('invalid type for comparison');
  if (typeof a === 'string' && typeof b === 'string') return byCodePoints(a, b);
  const [left, right] = [floatOf(a) ?? (a as number | bigint), floatOf(b) ?? (b as number | bigint)];
  return left < right ? -1 : left > right ? 1 : 0;
}

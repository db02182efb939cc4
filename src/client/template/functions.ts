import { invalidParameter } from '../../core/errors.ts';
import { compare, same } from './compare.ts';
import { escapeHtml, escapeJs, escapeQuery } from './escape.ts';
import { printValue, toJson } from './print.ts';
import { sprint, sprintf } from './printf.ts';
import { floatOf, goType, isInteger, isNil, NilPointer, typedOf, zeroOf } from './values.ts';

export type TemplateFunction = (...args: readonly unknown[]) => unknown;

/** Go's truth: empty text, zero, nil and empty collections are false; a struct is true. */
export function isTrue(value: unknown): boolean {
  if (isNil(value) || value instanceof NilPointer) return false;
  if (Array.isArray(value)) return value.length > 0;
  const float = floatOf(value);
  if (float !== undefined) return float !== 0;
  if (typeof value === 'object')
    return typedOf(value)?.type.kind === 'struct' || Object.keys(value).length > 0;
  return Boolean(value);
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw invalidParameter(
    `wrong type for value; expected string; got ${isNil(value) ? 'invalid value' : goType(value)}`,
  );
}

function whole(value: unknown): number {
  if (isInteger(value)) return Number(value);
  throw invalidParameter(`wrong type for value; expected int; got ${goType(value)}`);
}

function index(collection: unknown, ...keys: readonly unknown[]): unknown {
  let value: unknown = collection;
  if (isNil(value)) throw invalidParameter('index of untyped nil');
  for (const key of keys) value = indexed(value, key);
  return value;
}

function indexed(value: unknown, key: unknown): unknown {
  if (value instanceof NilPointer) throw invalidParameter('index of nil pointer');
  if (Array.isArray(value) || typeof value === 'string') {
    const items: ArrayLike<unknown> = typeof value === 'string' ? Buffer.from(value) : value;
    return items[place(key, items.length - 1)];
  }
  if (typeof value !== 'object' || value === null || floatOf(value) !== undefined) {
    throw invalidParameter(`can't index item of type ${goType(value)}`);
  }
  const typed = typedOf(value);
  if (typed?.type.kind === 'struct') throw invalidParameter(`can't index item of type ${goType(value)}`);
  if (typeof key !== 'string') {
    throw invalidParameter(
      isNil(key)
        ? 'value is nil; should be of type string'
        : `value has type ${goType(key)}; should be string`,
    );
  }
  if (Object.hasOwn(value, key)) return Reflect.get(value, key);
  return typed?.type.kind === 'map' ? zeroOf(typed.type.of) : undefined;
}

/** @param last the largest valid index. */
function place(key: unknown, last: number): number {
  if (isNil(key)) throw invalidParameter('cannot index slice/array with nil');
  if (!isInteger(key)) throw invalidParameter(`cannot index slice/array with type ${goType(key)}`);
  if (key < 0 || key > last) throw invalidParameter(`index out of range: ${key}`);
  return Number(key);
}

function slice(value: unknown, ...bounds: readonly unknown[]): unknown {
  if (isNil(value)) throw invalidParameter('slice of untyped nil');
  if (bounds.length > 3) throw invalidParameter(`too many slice indexes: ${bounds.length}`);
  if (typeof value !== 'string' && !Array.isArray(value)) {
    throw invalidParameter(`can't slice item of type ${goType(value)}`);
  }
  if (typeof value === 'string' && bounds.length === 3)
    throw invalidParameter('cannot 3-index slice a string');
  const bytes = typeof value === 'string' ? Buffer.from(value) : undefined;
  const length = bytes?.length ?? (value as readonly unknown[]).length;
  const [from = 0, to = length, most = length] = bounds.map((bound) => place(bound, length));
  if (from > to) throw invalidParameter(`invalid slice index: ${from} > ${to}`);
  if (to > most) throw invalidParameter(`invalid slice index: ${to} > ${most}`);
  return bytes ? bytes.toString('utf8', from, to) : (value as readonly unknown[]).slice(from, to);
}

function length(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (isNil(value)) throw invalidParameter('len of untyped nil');
  if (value instanceof NilPointer) throw invalidParameter('len of nil pointer');
  if (typeof value === 'object' && floatOf(value) === undefined && typedOf(value)?.type.kind !== 'struct') {
    return Object.keys(value).length;
  }
  throw invalidParameter(`len of type ${goType(value)}`);
}

/** Go's Sprint: a space between two operands of which neither is a string. */
function print(...values: readonly unknown[]): string {
  let printed = '';
  for (const [at, value] of values.entries()) {
    if (at > 0 && typeof value !== 'string' && typeof values[at - 1] !== 'string') printed += ' ';
    printed += sprint(value);
  }
  return printed;
}

/** The input of the escaping functions: a single string unchanged, other values as `print` writes them. */
const escaped = (values: readonly unknown[]) =>
  print(...values.map((value) => (isNil(value) ? '<no value>' : value)));

/** Capitalizes words as Go's strings.Title does. */
const title = (value: unknown) =>
  text(value).replace(/(?<![\p{L}\p{N}_]|[^\0-\x7f\s])\p{L}/gu, (letter) => letter.toUpperCase());

function truncated(value: unknown, width: unknown): string {
  const bytes = Buffer.from(text(value));
  return bytes.length < whole(width) ? bytes.toString() : bytes.toString('utf8', 0, whole(width));
}

/** Bounds the memory. */
function spaces(count: unknown): string {
  const number = whole(count);
  if (number < 0 || number > 100_000) throw invalidParameter(`cannot pad by ${number}`);
  return ' '.repeat(number);
}

/** The functions of Go's text/template and docker's own. A pipe passes its value as the last argument. */
export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  json: toJson,
  join: (list, separator) => {
    if (!Array.isArray(list)) {
      throw invalidParameter(`wrong type for value; expected []string; got ${goType(list)}`);
    }
    return list.map(printValue).join(text(separator));
  },
  split: (value, separator) => (text(value) === '' ? [''] : text(value).split(text(separator))),
  lower: (value) => text(value).toLowerCase(),
  upper: (value) => text(value).toUpperCase(),
  title,
  pad: (value, before, after) => (value === '' ? '' : spaces(before) + text(value) + spaces(after)),
  truncate: truncated,
  println: (...values) => `${values.map(sprint).join(' ')}\n`,
  print,
  printf: (format, ...values) => sprintf(text(format), values),
  len: length,
  index,
  slice,
  not: (value) => !isTrue(value),
  eq: (first, ...others) => {
    if (others.length === 0) throw invalidParameter('missing argument for comparison');
    return others.some((other) => same(first, other));
  },
  ne: (a, b) => !same(a, b),
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  html: (...values) => escapeHtml(escaped(values)),
  js: (...values) => escapeJs(escaped(values)),
  urlquery: (...values) => escapeQuery(escaped(values)),
  // These two stop at the operand that decides, so the evaluator calls them operand by operand.
  and: (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1),
  or: (...values) => values.find(isTrue) ?? values.at(-1),
};

/** The number of arguments of functions; other functions accept any number. */
export const ARITY: Readonly<Record<string, readonly [least: number, most: number]>> = {
  json: [1, 1],
  join: [2, 2],
  split: [2, 2],
  lower: [1, 1],
  upper: [1, 1],
  title: [1, 1],
  pad: [3, 3],
  truncate: [2, 2],
  len: [1, 1],
  not: [1, 1],
  eq: [1, Number.POSITIVE_INFINITY],
  ne: [2, 2],
  lt: [2, 2],
  le: [2, 2],
  gt: [2, 2],
  ge: [2, 2],
  index: [1, Number.POSITIVE_INFINITY],
  slice: [1, Number.POSITIVE_INFINITY],
  printf: [1, Number.POSITIVE_INFINITY],
  and: [1, Number.POSITIVE_INFINITY],
  or: [1, Number.POSITIVE_INFINITY],
};

/** The same functions for a table's heading, whose values are plain words that do not change. */
export const HEADING_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  ...FUNCTIONS,
  json: (value) => value,
  lower: (value) => value,
  upper: (value) => value,
  title: (value) => value,
  split: (value) => value,
  join: (value) => value,
  truncate: (value) => value,
};

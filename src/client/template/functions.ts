import { invalidParameter } from '../../core/errors.ts';
import { formatVerb, printValue, toJson } from './print.ts';

export type TemplateFunction = (...args: readonly unknown[]) => unknown;

/** Go's truth: empty text, zero, null and empty collections are false. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw invalidParameter(`wrong type for value; expected string; got ${goType(value)}`);
}

function goType(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  return typeof value === 'number' || typeof value === 'bigint'
    ? 'float64'
    : typeof value === 'boolean'
      ? 'bool'
      : typeof value;
}

function index(collection: unknown, ...keys: readonly unknown[]): unknown {
  let value = collection;
  for (const key of keys) {
    if (Array.isArray(value) || typeof value === 'string') {
      if (typeof key !== 'number')
        throw invalidParameter(`cannot index slice/array with type ${goType(key)}`);
      if (key < 0 || key >= value.length) throw invalidParameter(`index out of range: ${key}`);
      value = value[key];
    } else if (typeof value === 'object' && value !== null) {
      value = Object.hasOwn(value, String(key)) ? Reflect.get(value, String(key)) : undefined;
    } else if (value === null || value === undefined) {
      throw invalidParameter('index of untyped nil');
    } else throw invalidParameter(`can't index item of type ${goType(value)}`);
  }
  return value;
}

function length(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length;
  throw invalidParameter(`len of type ${goType(value)}`);
}

const isNumber = (value: unknown): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint';

/** Whole numbers may be bigints; anything may be compared with nil. */
function same(a: unknown, b: unknown): boolean {
  // biome-ignore lint/suspicious/noDoubleEquals: the one comparison in which 1 and 1n are equal
  if (isNumber(a) && isNumber(b)) return a == b;
  const nil = a === null || a === undefined || b === null || b === undefined;
  if (nil) return (a ?? null) === (b ?? null);
  if (typeof a === 'object' || typeof b === 'object') throw invalidParameter('non-comparable type');
  if (typeof a !== typeof b) throw invalidParameter('incompatible types for comparison');
  return a === b;
}

function compare(a: unknown, b: unknown): number {
  if (isNumber(a) && isNumber(b)) return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  throw invalidParameter('incompatible types for comparison');
}

function slice(value: unknown, from: unknown = 0, to?: unknown): unknown {
  if (typeof value !== 'string' && !Array.isArray(value))
    throw invalidParameter(`can't slice item of type ${goType(value)}`);
  const end = to === undefined ? value.length : Number(to);
  if (Number(from) > end || end > value.length) throw invalidParameter(`index out of range: ${end}`);
  return value.slice(Number(from), end);
}

const plain = (value: unknown) => printValue(value);

/** Capital letters at the start of words. */
const title = (value: unknown) => text(value).replace(/(^|[\s_-])(\p{L})/gu, (whole) => whole.toUpperCase());

/** The functions of Go's text/template and docker's own. A pipe's value comes as the last argument. */
export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  json: toJson,
  join: (list, separator) => (Array.isArray(list) ? list.map(plain).join(text(separator)) : printValue(list)),
  split: (value, separator) => text(value).split(text(separator)),
  lower: (value) => text(value).toLowerCase(),
  upper: (value) => text(value).toUpperCase(),
  title,
  pad: (value, before, after) =>
    value === '' ? '' : ' '.repeat(Number(before)) + text(value) + ' '.repeat(Number(after)),
  truncate: (value, width) => text(value).slice(0, Number(width)),
  println: (...values) => `${values.map(plain).join(' ')}\n`,
  print: (...values) => values.map(plain).join(''),
  printf: (format, ...values) => formatVerb(text(format), values),
  len: length,
  index,
  slice,
  not: (value) => !isTrue(value),
  eq: (first, ...others) => others.some((other) => same(first, other)),
  ne: (a, b) => !same(a, b),
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  html: (value) => printValue(value).replace(/[<>&'"]/g, (mark) => `&#${mark.charCodeAt(0)};`),
  js: (value) => JSON.stringify(printValue(value)).slice(1, -1),
  urlquery: (...values) => encodeURIComponent(values.map(plain).join('')).replace(/%20/g, '+'),
  // These two stop at the operand that decides, so the evaluator calls them operand by operand.
  and: (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1),
  or: (...values) => values.find(isTrue) ?? values.at(-1),
};

/** The same names for a table's heading, where values are words that stay as they are. */
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

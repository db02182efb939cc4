import { invalidParameter, isKind } from '../core/errors.ts';
import { isObject } from '../core/is-object.ts';
import { Regex } from '../core/patterns/regex.ts';
import { parseTimestamp } from '../core/timestamp.ts';

/** Values by filter name, as the `filters` parameter of the API carries them. */
export type Filters = ReadonlyMap<string, readonly string[]>;

/** Reads `{"label":["a"]}` and the older `{"label":{"a":true}}`. @throws BargeError invalid-parameter. */
export function parseFilters(text: string | undefined): Filters {
  if (!text) return new Map();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw invalidParameter('invalid filter: the filters parameter is not JSON', { cause: error });
  }
  if (parsed === null) return new Map();
  if (!isObject(parsed)) throw invalidParameter('invalid filter: want an object of lists');
  return new Map(Object.entries(parsed).map(([name, values]) => [name, valuesOf(values)]));
}

/** As everywhere in the API, null is what is not set. */
function valuesOf(values: unknown): string[] {
  if (values === null) return [];
  if (Array.isArray(values) && values.every((value) => value === null || typeof value === 'string')) {
    return values.map((value) => value ?? '');
  }
  if (isObject(values) && Object.values(values).every((on) => on === null || typeof on === 'boolean')) {
    return Object.entries(values)
      .filter(([, on]) => on)
      .map(([value]) => value);
  }
  throw invalidParameter('invalid filter: want a list of values');
}

/** `key`, `key=value` against a set of labels. */
export function labelMatches(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf('=');
  if (equals === -1) return wanted in labels;
  return labels[wanted.slice(0, equals)] === wanted.slice(equals + 1);
}

/** @throws BargeError invalid-parameter for the first filter that the operation does not have. */
export function assertKnownFilters(filters: Filters, known: readonly string[]): void {
  for (const name of filters.keys()) {
    if (!known.includes(name)) throw invalidParameter(`invalid filter '${name}'`);
  }
}

/** The one boolean value of a filter. @throws BargeError invalid-parameter. */
export function booleanFilter(name: string, values: readonly string[]): boolean {
  const isTrue = values.some((value) => ['1', 'true', 'True', 'TRUE', 't', 'T'].includes(value));
  const isFalse = values.some((value) => ['0', 'false', 'False', 'FALSE', 'f', 'F'].includes(value));
  if (isTrue === isFalse) throw invalidParameter(`invalid filter '${name}=[${values.join(' ')}]'`);
  return isTrue;
}

/** A test for what is this text, or a regular expression that is found; what cannot be read matches only itself. */
export function patternTest(pattern: string): (text: string) => boolean {
  let regex: Regex | undefined;
  try {
    regex = new Regex(pattern);
  } catch (error) {
    if (!isKind(error, 'invalid-parameter')) throw error;
  }
  return (text) => text === pattern || regex?.test(text) === true;
}

/** The filters `label` and `label!` of a prune. */
export function labelsPass(labels: Readonly<Record<string, string>>, filters: Filters): boolean {
  return (
    (filters.get('label') ?? []).every((label) => labelMatches(labels, label)) &&
    !(filters.get('label!') ?? []).some((label) => labelMatches(labels, label))
  );
}

/**
 * The filter `until` of a prune: what was made before it goes. @returns milliseconds since 1970.
 * @throws BargeError invalid-parameter for several values, or one that is no time.
 */
export function untilFilter(filters: Filters): number {
  const [value, ...more] = filters.get('until') ?? [];
  if (value === undefined) return Number.POSITIVE_INFINITY;
  if (more.length > 0) throw invalidParameter('more than one until filter specified');
  return Number(parseTimestamp(value) / 1_000_000n);
}

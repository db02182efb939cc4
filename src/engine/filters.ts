import { invalidParameter } from '../core/errors.ts';

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
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw invalidParameter('invalid filter: want an object of lists');
  }
  return new Map(Object.entries(parsed).map(([name, values]) => [name, valuesOf(values)]));
}

function valuesOf(values: unknown): string[] {
  if (Array.isArray(values)) return values.map(String);
  if (values && typeof values === 'object') {
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

import { invalidParameter, messageOf } from '../../core/errors.ts';
import { ULIMITS } from './container.ts';
import { decode } from './decode.ts';
import { parseExactJson } from './json.ts';
import { list, map, nullableMap, type Schema, text } from './schema.ts';

/** Parameters of `POST /build` that are JSON, with Docker's names for them in error messages. */
export const BUILD_PARAMETERS = {
  buildargs: ['build args', nullableMap(text())],
  labels: ['labels', map(text())],
  cachefrom: ['cache-from', list(text())],
  cacheto: ['cache-to', list(text())],
  ulimits: ['ulimit settings', ULIMITS],
  securityopt: ['security options', list(text())],
  contexts: ['named contexts', map(text())],
} as const satisfies Record<string, readonly [string, Schema<unknown>]>;

type Parameters = typeof BUILD_PARAMETERS;
type Decoded<S> = S extends Schema<infer T> ? T : never;

/** A parameter's value; none when it is absent, empty or null. @throws BargeError invalid-parameter. */
export function jsonParameter<K extends keyof Parameters>(
  query: URLSearchParams,
  name: K,
): Decoded<Parameters[K][1]> | undefined {
  const given = query.get(name);
  if (!given) return undefined;
  const [words, schema] = BUILD_PARAMETERS[name];
  try {
    const value = parseExactJson(given);
    return value === null ? undefined : (decode<unknown>(schema, value) as Decoded<Parameters[K][1]>);
  } catch (cause) {
    throw invalidParameter(`error reading ${words}: ${messageOf(cause)}`, { cause });
  }
}

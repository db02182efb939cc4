import { isDeepStrictEqual } from 'node:util';

/** The members of a request that the encoded spec shows otherwise, for its `asGiven`. */
export function asGiven<T extends object>(given: T, encoded: T): T {
  const shown = encoded as Readonly<Record<string, unknown>>;
  const kept = Object.entries(given).filter(([name, value]) => !isDeepStrictEqual(shown[name], value));
  return Object.fromEntries(kept) as T;
}

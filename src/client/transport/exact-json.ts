/** An integer of 16 digits or more, which a double may round. */
const LONG_NUMBER = /[:[,\s]-?\d{16,}/;

/** Parses JSON; integers that a double would round become bigints. */
export function parseExact(text: string): unknown {
  return LONG_NUMBER.test(text) ? JSON.parse(text, reviveExact as Reviver) : JSON.parse(text);
}

/** The compiler's library does not declare `context.source` yet. */
type Reviver = (this: unknown, key: string, value: unknown) => unknown;

function reviveExact(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !source) return value;
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}

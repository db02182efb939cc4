/**
 * An integer on its way into JSON: a number where that holds it exactly, else its digits, which `JSON.stringify` puts
 * down as they are. Clients in Go read 64 bits, and stop at a number that is rounded past their end.
 */
export type ExactInteger = number | RawInteger;

/** What `JSON.rawJSON` makes. */
export interface RawInteger {
  readonly rawJSON: string;
}

const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): RawInteger };

const MAX_UINT64 = 2n ** 64n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** @param value beyond 64 bits it becomes the nearest that they hold. */
export function exactInteger(value: bigint): ExactInteger {
  const near = Number(value);
  if (Number.isSafeInteger(near)) return near;
  const held = value > MAX_UINT64 ? MAX_UINT64 : value < MIN_INT64 ? MIN_INT64 : value;
  return rawJSON(`${held}`);
}

export function integerValue(integer: ExactInteger): bigint {
  return BigInt(typeof integer === 'number' ? integer : integer.rawJSON);
}

/**
 * An integer to be written as JSON: a number where it is exact, else its digits, which `JSON.stringify` writes
 * unchanged. Clients in Go read 64 bits, and fail on a number that was rounded beyond them.
 */
export type ExactInteger = number | RawInteger;

/** The result of `JSON.rawJSON`. */
interface RawInteger {
  readonly rawJSON: string;
}

const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): RawInteger };

const MAX_UINT64 = 2n ** 64n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** @param value is clamped to 64 bits. */
export function exactInteger(value: bigint): ExactInteger {
  const near = Number(value);
  if (Number.isSafeInteger(near)) return near;
  const held = value > MAX_UINT64 ? MAX_UINT64 : value < MIN_INT64 ? MIN_INT64 : value;
  return rawJSON(`${held}`);
}

export function integerValue(integer: ExactInteger): bigint {
  return BigInt(typeof integer === 'number' ? integer : integer.rawJSON);
}

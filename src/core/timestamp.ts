import { invalidParameter } from './errors.ts';
import { parseDuration } from './units.ts';

const SECOND = 1_000_000_000n;
const DURATION = /^-?(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/;
const DATE =
  /^(\d{4}-\d{2}-\d{2})(?:T(\d{2})(?::(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?)?(Z|[+-]\d{2}:\d{2})?$/;

/**
 * Nanoseconds since 1970, from Unix seconds with up to nine decimals, a Go duration before now, or an RFC 3339 time
 * that may omit its smaller parts. Without a zone, it is local time.
 * @param now milliseconds since 1970
 * @throws BargeError invalid-parameter.
 */
export function parseTimestamp(text: string, now = Date.now()): bigint {
  const [, whole, decimals = ''] = /^(-?\d+)(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  /* Go reads 64-bit integers. */
  if (whole !== undefined && whole.length <= 19)
    return BigInt(whole) * SECOND + BigInt(decimals.padEnd(9, '0'));
  if (DURATION.test(text)) {
    const ago = BigInt(Math.round(parseDuration(text.replace(/^-/, ''))));
    return BigInt(now) * 1_000_000n - (text.startsWith('-') ? -ago : ago);
  }
  const [, day, hour = '00', minute = '00', second = '00', fraction = '', zone = ''] = DATE.exec(text) ?? [];
  const time = day ? Date.parse(`${day}T${hour}:${minute}:${second}${zone}`) : Number.NaN;
  if (Number.isNaN(time)) throw invalidParameter(`failed to parse value as time or duration: "${text}"`);
  return BigInt(time) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

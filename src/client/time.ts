import { invalidParameter, messageOf } from '../core/errors.ts';
import { parseDuration } from '../core/units.ts';
import type { FlagValues } from './flags.ts';

/**
 * A point in time in the API's form, `seconds[.nanoseconds]`: from a Go duration before `now`, an RFC 3339 time or
 * date, or Unix seconds.
 * @param now milliseconds since 1970
 * @throws BargeError invalid-parameter.
 */
function parseTimestamp(text: string, now = Date.now()): string {
  if (/^\d+(\.\d{1,9})?$/.test(text)) return text;
  const duration = /^-?(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text);
  if (duration) return seconds(now - parseDuration(text.replace(/^-/, '')) / 1e6);
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) {
    throw invalidParameter(`failed to parse value as time or duration: "${text}"`);
  }
  // A date, or a time without a zone, is in the local zone.
  const time = Date.parse(text.length === 10 ? `${text}T00:00:00` : text);
  if (Number.isNaN(time)) throw invalidParameter(`failed to parse value as time or duration: "${text}"`);
  return seconds(time);
}

/** The value of `--since` or `--until`. @throws BargeError invalid-parameter that names the flag. */
export function timeFlag(flags: FlagValues, name: string): string {
  try {
    return parseTimestamp(flags.text(name));
  } catch (cause) {
    throw invalidParameter(`invalid value for "${name}": ${messageOf(cause)}`, { cause });
  }
}

function seconds(milliseconds: number): string {
  return `${Math.floor(milliseconds / 1000)}.${String(Math.floor(milliseconds % 1000) * 1_000_000).padStart(9, '0')}`;
}

/** `2024-05-01 10:00:00 +0000 UTC`, as Go prints a time in tables. */
export function formatGoTime(milliseconds: number): string {
  const date = new Date(milliseconds);
  const two = (value: number) => String(value).padStart(2, '0');
  const offset = -date.getTimezoneOffset();
  const sign = offset < 0 ? '-' : '+';
  const zone = `${sign}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${clock} ${zone} ${offset === 0 ? 'UTC' : zone}`;
}

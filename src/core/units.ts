import { invalidParameter } from './errors.ts';

const BINARY: Record<string, number> = {
  b: 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
  p: 1024 ** 5,
};
const DECIMAL_NAMES = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
const BINARY_NAMES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Bytes from `512`, `64m`, `1.5GiB`, …: suffixes are powers of 1024 as docker's `RAMInBytes` reads them. */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp])?(?:i?b)?$/i.exec(text.trim());
  if (!match) throw invalidParameter(`invalid size: '${text}'`);
  return Math.trunc(Number(match[1]) * (BINARY[(match[2] ?? 'b').toLowerCase()] ?? 1));
}

/** `1.23MB`: four significant digits, powers of 1000, as docker prints the sizes of images and containers. */
export function formatBytes(bytes: number): string {
  return formatScaled(bytes, 1000, DECIMAL_NAMES, 3);
}

/** `1.205MiB`: powers of 1024, as docker prints memory. */
export function formatBinaryBytes(bytes: number): string {
  return formatScaled(bytes, 1024, BINARY_NAMES, 4);
}

function formatScaled(bytes: number, base: number, names: readonly string[], digits: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < names.length - 1) {
    value /= base;
    unit++;
  }
  return `${Number(value.toPrecision(digits))}${names[unit]}`;
}

/** `About a minute`, `3 hours`, …: the words of docker's tables for a duration in seconds. */
export function formatDuration(seconds: number): string {
  const s = Math.floor(seconds);
  const minutes = Math.floor(s / 60);
  const hours = Math.round(s / 3600);
  if (s < 1) return 'Less than a second';
  if (s === 1) return '1 second';
  if (s < 60) return `${s} seconds`;
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}

const NANOSECONDS: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Go's durations have 64 bits. */
const MAX_NANOSECONDS = 2 ** 63;

/** A duration as Go shows it: `50ms`, `1.5s`, `1m30s`, `1h0m0s`. */
export function goDuration(milliseconds: number): string {
  if (milliseconds > 0 && milliseconds < 1000) return `${milliseconds}ms`;
  const seconds = (milliseconds % 60_000) / 1000;
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes === 0) return `${seconds}s`;
  return minutes < 60 ? `${minutes}m${seconds}s` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}s`;
}

/** Nanoseconds from a Go duration such as `1m30s`, `250ms`. @throws BargeError invalid-parameter. */
export function parseDuration(text: string): number {
  if (text !== '0' && !/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) {
    throw invalidParameter(`invalid duration "${text}": want a number with a unit, such as 30s or 1m30s`);
  }
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  const sum = parts.reduce((total, p) => total + Number(p[1]) * (NANOSECONDS[p[2] ?? ''] ?? 0), 0);
  if (sum < MAX_NANOSECONDS) return sum;
  throw invalidParameter(`invalid duration "${text}": it is longer than 292 years`);
}

import type { HealthConfig } from '../../api/oci-image.ts';

/** The texts of an image's history as BuildKit writes them, for tools that parse them. */

/** Marks steps that created a layer. */
export const LAYER_MARK = ' # buildkit';
export const HISTORY_COMMENT = 'buildkit.dockerfile.v0';

/** `["a" "b"]` */
export function quotedList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}

/** `[a b]` */
export function plainList(values: readonly string[]): string {
  return `[${values.join(' ')}]`;
}

/** `|2 A=1 B=2 /bin/sh -c make`: arguments in effect, then the command. */
export function runText(args: readonly string[], buildArgs: readonly string[]): string {
  const prefix = buildArgs.length > 0 ? [`|${buildArgs.length}`, ...buildArgs] : [];
  return [...prefix, ...args].join(' ');
}

export function healthText(health: HealthConfig): string {
  const members = [
    `Test:${plainList(health.Test ?? [])}`,
    `Interval:${duration(health.Interval)}`,
    `Timeout:${duration(health.Timeout)}`,
    `StartPeriod:${duration(health.StartPeriod)}`,
    `StartInterval:${duration(health.StartInterval)}`,
    `Retries:${health.Retries ?? 0}`,
  ];
  return `{${members.join(' ')}}`;
}

/** Nanoseconds as Go prints them: `1m30s`, `250ms`. */
function duration(nanoseconds = 0): string {
  if (nanoseconds !== 0 && nanoseconds < 1e9) return `${nanoseconds / 1e6}ms`;
  const seconds = nanoseconds / 1e9;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = `${Number((seconds % 60).toFixed(9))}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}

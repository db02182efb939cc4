import type { ConfigFile } from '../config/config-file.ts';
import type { Flag } from '../flag-types.ts';
import type { FlagValues } from '../flags.ts';

/** `--format` of a command that lists. */
export const LIST_FORMAT = {
  name: 'format',
  type: 'string',
  description: "How to print: 'table', 'table TEMPLATE', 'json' or a Go template for each row",
  completes: ['table', 'json'],
} as const satisfies Flag;

/** `-f, --format` of a command that shows one thing. */
export const OBJECT_FORMAT = {
  name: 'format',
  short: 'f',
  type: 'string',
  completes: ['json'],
  description: "How to print: 'json' or a Go template",
} as const satisfies Flag;

export const FILTER = {
  name: 'filter',
  short: 'f',
  type: 'filter',
  description: 'Show only matching objects, name=value',
} as const satisfies Flag;

export const NO_TRUNC = {
  name: 'no-trunc',
  type: 'bool',
  description: 'Do not truncate output',
} as const satisfies Flag;

/**
 * The format of a listing: `--format`, else `quiet` with `--quiet`, else the format that the user's configuration has
 * under `member` (`psFormat`, …).
 */
export function listFormat(flags: FlagValues, config: ConfigFile, member: string, quiet = '{{.ID}}'): string {
  if (flags.has('format')) return flags.text('format');
  if (flags.knows('quiet') && flags.bool('quiet')) return quiet;
  const configured = config[member];
  return typeof configured === 'string' ? configured : '';
}

import type { ConfigFile } from '../config/config-file.ts';
import type { Flag } from '../flag-types.ts';
import type { FlagValues } from '../flags.ts';

/** `--format` of a command that lists. */
export const LIST_FORMAT: Flag = {
  name: 'format',
  type: 'string',
  description: "How to print: 'table', 'table TEMPLATE', 'json' or a Go template for each row",
  completes: ['table', 'json'],
};

/** `-f, --format` of a command that shows one thing. */
export const OBJECT_FORMAT: Flag = {
  name: 'format',
  short: 'f',
  type: 'string',
  completes: ['json'],
  description: "How to print: 'json' or a Go template",
};

export const FILTER: Flag = {
  name: 'filter',
  short: 'f',
  type: 'filter',
  description: 'Show only what fits, name=value',
};

export const NO_TRUNC: Flag = { name: 'no-trunc', type: 'bool', description: 'Do not shorten anything' };

/**
 * The format of a listing: `--format`, else `quiet` where `--quiet` is given, else what the user's configuration
 * has under `member` (`psFormat`, …).
 */
export function listFormat(flags: FlagValues, config: ConfigFile, member: string, quiet = '{{.ID}}'): string {
  if (flags.has('format')) return flags.text('format');
  if (flags.knows('quiet') && flags.bool('quiet')) return quiet;
  const configured = config[member];
  return typeof configured === 'string' ? configured : '';
}

import type { Flag } from '../flag-types.ts';

/** `--format` of a command that lists. */
export const LIST_FORMAT: Flag = {
  name: 'format',
  type: 'string',
  description: "How to print: 'table', 'table TEMPLATE', 'json' or a Go template for each row",
};

/** `-f, --format` of a command that shows one thing. */
export const OBJECT_FORMAT: Flag = {
  name: 'format',
  short: 'f',
  type: 'string',
  description: "How to print: 'json' or a Go template",
};

export const FILTER: Flag = {
  name: 'filter',
  short: 'f',
  type: 'filter',
  description: 'Show only what fits, name=value',
};

export const NO_TRUNC: Flag = { name: 'no-trunc', type: 'bool', description: 'Do not shorten anything' };

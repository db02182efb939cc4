import { invalidParameter } from '../core/errors.ts';
import { parseBytes, parseDuration } from '../core/units.ts';

/**
 * The type of a flag's value. Scalars use the last value given; `list`, `strings` and `stringToString` (the latter two
 * also split at commas), `map` and the structured kinds collect every value.
 */
export type FlagType =
  | 'bool'
  | 'string'
  | 'int'
  | 'uint'
  | 'uint16'
  | 'bytes'
  | 'swap'
  | 'decimal'
  | 'duration'
  | 'list'
  | 'strings'
  | 'map'
  | 'stringToString'
  | 'filter'
  | 'mount'
  | 'network'
  | 'ulimit'
  | 'gpu-request';

/** Types whose values are numbers, and those that collect every value. */
export type NumberType = 'int' | 'uint' | 'uint16' | 'bytes' | 'swap' | 'decimal' | 'duration';
export type GatheringType = Exclude<FlagType, NumberType | 'bool' | 'string'>;

/** The type of a flag's value in a command. */
type ValueOf<T extends FlagType> = T extends 'bool'
  ? boolean
  : T extends NumberType
    ? number
    : T extends 'string'
      ? string
      : readonly string[];

/** The names in a table of flags that have one of these types; any name where the table is not known. */
export type NameOf<
  F extends readonly Flag[],
  T extends FlagType = FlagType,
> = string extends F[number]['name'] ? string : Extract<F[number], { readonly type: T }>['name'];

/** The values of a table of flags, by their names. */
export type ValuesOf<F extends readonly Flag[]> = {
  readonly [K in F[number] as K['name']]: ValueOf<K['type']>;
};

/** The completions of a word: names from the daemon or the configuration, files, or a fixed list. */
export type Completion =
  | 'container'
  | 'running'
  | 'stopped'
  | 'image'
  | 'network'
  | 'volume'
  | 'context'
  | 'object'
  | 'plugin'
  | 'file'
  | 'directory'
  | 'none'
  | readonly string[];

/** One flag of a command, as data: parsing, help and completion derive from it. */
export interface Flag {
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  readonly type: FlagType;
  /** One sentence for help, without a full stop. */
  readonly description: string;
  /** The value when the flag is not given. */
  readonly default?: string;
  /** Other long names that older clients accepted. */
  readonly aliases?: readonly string[];
  /** The aliases that docker warns about. */
  readonly deprecated?: readonly string[];
  /** Completes its value with names from the daemon, or from this list. */
  readonly completes?: Completion;
  /** Accepted, but left out of help. */
  readonly hidden?: boolean;
  /** Throws for an invalid value; the parser adds the flag's name. */
  readonly check?: (value: string) => void;
}

const GATHERING: readonly FlagType[] = [
  'list',
  'strings',
  'map',
  'stringToString',
  'filter',
  'mount',
  'network',
  'ulimit',
  'gpu-request',
] satisfies readonly GatheringType[];

export function gathers(type: FlagType): boolean {
  return GATHERING.includes(type);
}

/** The type's name in help: `-m, --memory bytes`. */
export function typeName(type: FlagType): string {
  if (type === 'bool') return '';
  return type === 'swap' ? 'bytes' : type;
}

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** @throws BargeError invalid-parameter in docker's words. */
export function parseBoolean(text: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw invalidParameter(`strconv.ParseBool: parsing "${text}": invalid syntax`);
}

function parseInteger(text: string, verb: 'ParseInt' | 'ParseUint', max: number): number {
  const pattern = verb === 'ParseInt' ? /^[+-]?\d+$/ : /^\d+$/;
  if (!pattern.test(text)) throw invalidParameter(`strconv.${verb}: parsing "${text}": invalid syntax`);
  const value = Number(text);
  if (Math.abs(value) > max) throw invalidParameter(`strconv.${verb}: parsing "${text}": value out of range`);
  return value;
}

/** CPUs as a decimal number, to billionths of a CPU. */
function parseNanoCpus(text: string): number {
  if (!/^\+?(\d+\.?\d*|\.\d+)$/.test(text)) {
    throw invalidParameter(`failed to parse ${text} as a rational number`);
  }
  const nano = Number(text) * 1e9;
  const rounded = Math.round(nano);
  if (Math.abs(nano - rounded) > 1e-3) throw invalidParameter('value is too precise');
  return rounded;
}

/** Nanoseconds; a leading minus is accepted, so that the command can reject it with its own message. */
function parseGoDuration(text: string): number {
  if (/^[+-]?\d+(\.\d+)?$/.test(text) && !/^[+-]?0+$/.test(text)) {
    throw invalidParameter(`time: missing unit in duration "${text}"`);
  }
  const negative = text.startsWith('-');
  const body = text.replace(/^[+-]/, '');
  if (/^0+$/.test(body)) return 0;
  try {
    return (negative ? -1 : 1) * parseDuration(body);
  } catch (cause) {
    throw invalidParameter(`time: invalid duration "${text}"`, { cause });
  }
}

/** Parses a scalar flag's number. @throws BargeError for any other text. */
export function parseNumber(type: FlagType, text: string): number {
  switch (type) {
    case 'int':
      return parseInteger(text, 'ParseInt', Number.MAX_SAFE_INTEGER);
    case 'uint':
      return parseInteger(text, 'ParseUint', Number.MAX_SAFE_INTEGER);
    case 'uint16':
      return parseInteger(text, 'ParseUint', 0xffff);
    case 'swap':
      return text === '-1' ? -1 : parseBytes(text);
    case 'bytes':
      return parseBytes(text);
    case 'decimal':
      return parseNanoCpus(text);
    case 'duration':
      return parseGoDuration(text);
    default:
      throw invalidParameter(`a ${type} flag is not a number`);
  }
}

/** Throws when `text` is not a value of `flag`. */
export function checkValue(flag: Flag, text: string): void {
  if (flag.type === 'bool') parseBoolean(text);
  else if (flag.type === 'filter') checkFilter(text);
  else if (flag.type !== 'string' && !gathers(flag.type)) parseNumber(flag.type, text);
  flag.check?.(text);
}

function checkFilter(text: string): void {
  if (text !== '' && !text.includes('=')) {
    throw invalidParameter('bad format of filter (expected name=value)');
  }
}

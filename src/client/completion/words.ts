import type { Flag } from '../flag-types.ts';
import { FlagValues } from '../flags.ts';

/** A flag whose value the current word is, or begins. */
interface PendingFlag {
  readonly flag: Flag;
  /** The part of the word before the value: `--name=`, or ''. */
  readonly prefix: string;
  readonly value: string;
}

/** A command line up to the incomplete word. */
export interface Reading {
  readonly values: FlagValues;
  /** Positionals before the current word. */
  readonly args: readonly string[];
  /** The incomplete word, '' when it has not begun. */
  readonly current: string;
  readonly pending?: PendingFlag;
  /** `--` has ended the flags. */
  readonly ended: boolean;
}

/**
 * Reads a line that is incomplete and may be wrong: it checks nothing and skips what it does not recognize.
 * @param stopAtPositional flags end at the first positional
 */
export function readWords(
  words: readonly string[],
  known: readonly Flag[],
  stopAtPositional: boolean,
): Reading {
  const values = new FlagValues(known);
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  const args: string[] = [];
  for (let at = 0; at < before.length; at++) {
    const word = before[at] ?? '';
    if (word === '--') {
      args.push(...before.slice(at + 1));
      return { values, args, current, ended: true };
    }
    if (!word.startsWith('-') || word === '-') {
      args.push(...(stopAtPositional ? before.slice(at) : [word]));
      if (stopAtPositional) break;
      continue;
    }
    const found = readFlag(word, known);
    if (!found) continue;
    if (found.value !== undefined) values.set(found.flag, found.value);
    else if (at + 1 < before.length) values.set(found.flag, before[++at] ?? '');
    else
      return {
        values,
        args,
        current,
        ended: false,
        pending: { flag: found.flag, prefix: '', value: current },
      };
  }
  const over = stopAtPositional && args.length > 0;
  const pending = over ? undefined : inWord(current, known);
  return { values, args, current, ended: false, ...(pending ? { pending } : {}) };
}

/** An incomplete `--flag=value`. */
function inWord(word: string, known: readonly Flag[]): PendingFlag | undefined {
  const equals = word.indexOf('=');
  if (!word.startsWith('--') || equals === -1) return undefined;
  const flag = known.find(({ name }) => `--${name}` === word.slice(0, equals));
  return flag && { flag, prefix: word.slice(0, equals + 1), value: word.slice(equals + 1) };
}

/** The flag of a complete word and its value; the value is undefined when it is the next word. */
function readFlag(word: string, known: readonly Flag[]): { flag: Flag; value?: string } | undefined {
  if (word.startsWith('--')) {
    const equals = word.indexOf('=');
    const name = equals === -1 ? word.slice(2) : word.slice(2, equals);
    const flag = known.find((one) => one.name === name || one.aliases?.includes(name));
    if (!flag) return undefined;
    if (equals !== -1) return { flag, value: word.slice(equals + 1) };
    return flag.type === 'bool' ? { flag, value: 'true' } : { flag };
  }
  for (let at = 1; at < word.length; at++) {
    const flag = known.find(({ short }) => short === word[at]);
    if (!flag) return undefined;
    if (flag.type === 'bool' && at + 1 < word.length) continue;
    if (flag.type === 'bool') return { flag, value: 'true' };
    return at + 1 < word.length ? { flag, value: word.slice(at + 1).replace(/^=/, '') } : { flag };
  }
  return undefined;
}

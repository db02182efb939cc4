import { messageOf } from '../core/errors.ts';
import { CommandFailure, EXIT_FLAG_ERROR } from './failure.ts';
import { checkValue, type Flag } from './flag-types.ts';
import { type FlagsOf, FlagValues } from './flags.ts';

/** A mistake on the command line. */
export class FlagError extends CommandFailure {
  /** The unknown long flag, so that the caller can suggest another. */
  readonly unknownFlag: string | undefined;

  constructor(message: string, unknownFlag?: string) {
    super(message, EXIT_FLAG_ERROR);
    this.name = 'FlagError';
    this.unknownFlag = unknownFlag;
  }
}

export interface ParsedLine<F extends readonly Flag[] = readonly Flag[]> {
  readonly flags: FlagsOf<F>;
  readonly args: readonly string[];
  /** `--help` was given, so nothing else was checked. */
  readonly help: boolean;
  /** Notes about deprecated flags. */
  readonly warnings: readonly string[];
}

interface ParseOptions {
  /** Whether the first positional ends the flags, as for `run` and `exec`. */
  readonly stopAtPositional?: boolean;
}

/**
 * Parses a command line as pflag does: long flags with `=value` or the next word, combined short ones (`-it`,
 * `-p8080:80`), `--` to end the flags, booleans without a separate value.
 * @throws FlagError
 */
export function parseFlags<F extends readonly Flag[]>(
  words: readonly string[],
  known: F,
  options: ParseOptions = {},
): ParsedLine<F> {
  const reader = new FlagReader(words, known);
  const args: string[] = [];
  while (reader.more) {
    const word = reader.next();
    if (word === '--') {
      args.push(...reader.rest());
    } else if (word.startsWith('--')) {
      if (!reader.long(word.slice(2))) return reader.line(args, true);
    } else if (word.startsWith('-') && word !== '-') {
      if (!reader.shorts(word.slice(1))) return reader.line(args, true);
    } else {
      args.push(word);
      if (options.stopAtPositional) args.push(...reader.rest());
    }
  }
  return reader.line(args, false);
}

class FlagReader<F extends readonly Flag[]> {
  readonly values: FlagsOf<F>;
  readonly warnings: string[] = [];
  readonly #words: readonly string[];
  readonly #long = new Map<string, Flag>();
  readonly #short = new Map<string, Flag>();
  #at = 0;

  constructor(words: readonly string[], known: F) {
    this.#words = words;
    this.values = new FlagValues(known) as FlagsOf<F>;
    for (const flag of known) {
      this.#long.set(flag.name, flag);
      for (const alias of flag.aliases ?? []) this.#long.set(alias, flag);
      if (flag.short) this.#short.set(flag.short, flag);
    }
  }

  line(args: readonly string[], help: boolean): ParsedLine<F> {
    return { flags: this.values, args, help, warnings: this.warnings };
  }

  get more(): boolean {
    return this.#at < this.#words.length;
  }

  next(): string {
    return this.#words[this.#at++] ?? '';
  }

  rest(): readonly string[] {
    const rest = this.#words.slice(this.#at);
    this.#at = this.#words.length;
    return rest;
  }

  /** @returns false when the user asks for help. */
  long(text: string): boolean {
    const equals = text.indexOf('=');
    const name = equals === -1 ? text : text.slice(0, equals);
    const flag = this.#long.get(name);
    if (!flag) {
      if (name === 'help') return false;
      throw new FlagError(`unknown flag: --${name}`, name);
    }
    if (flag.deprecated?.includes(name)) {
      this.warnings.push(`Flag --${name} has been deprecated, use --${flag.name} instead`);
    }
    if (equals !== -1) this.#set(flag, text.slice(equals + 1));
    else if (flag.type === 'bool') this.#set(flag, 'true');
    else if (this.more) this.#set(flag, this.next());
    else throw new FlagError(`flag needs an argument: --${name}`);
    return true;
  }

  /** @returns false when the user asks for help. */
  shorts(cluster: string): boolean {
    for (let at = 0; at < cluster.length; at++) {
      const letter = cluster[at] ?? '';
      const tail = cluster.slice(at + 1);
      const flag = this.#short.get(letter);
      if (!flag) {
        if (letter === 'h') return false;
        throw new FlagError(`unknown shorthand flag: '${letter}' in -${letter}${tail}`);
      }
      if (flag.type === 'bool' && !tail.startsWith('=')) {
        this.#set(flag, 'true');
        continue;
      }
      if (tail !== '') this.#set(flag, tail.length > 1 ? tail.replace(/^=/, '') : tail);
      else if (this.more) this.#set(flag, this.next());
      else throw new FlagError(`flag needs an argument: '${letter}' in -${cluster.slice(at)}`);
      return true;
    }
    return true;
  }

  #set(flag: Flag, text: string): void {
    try {
      checkValue(flag, text);
    } catch (error) {
      const shown = flag.short ? `-${flag.short}, --${flag.name}` : `--${flag.name}`;
      throw new FlagError(`invalid argument "${text}" for "${shown}" flag: ${messageOf(error)}`);
    }
    this.values.set(flag, text);
  }
}

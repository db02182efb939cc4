import { SyntaxMistake } from './errors.ts';
import type { Heredoc } from './heredoc.ts';
import { suggestion } from './suggest.ts';
import { takeFlags, type Word } from './words.ts';

/** An instruction split into verb, flags and the unparsed rest. */
export interface Statement {
  /** Upper case. */
  readonly verb: string;
  readonly flags: Flags;
  readonly rest: Word;
  readonly heredocs: readonly Heredoc[];
  /** The whole logical line, as written. */
  readonly text: string;
  readonly escapeChar: string;
}

/** `list` flags may be repeated; a `switch` may lack a value. */
type FlagKind = 'text' | 'list' | 'switch';
export type FlagSpec = Readonly<Record<string, FlagKind>>;

/** Flags as written; each verb checks them against its own list. */
class Flags {
  readonly #words: readonly Word[];

  constructor(words: readonly Word[]) {
    this.#words = words;
  }

  /** @throws SyntaxMistake, in Docker's words, for a flag the verb doesn't have or a value that is wrong. */
  read(spec: FlagSpec): ReadFlags {
    const values = new Map<string, string[]>();
    for (const word of this.#words) {
      const equals = word.text.indexOf('=');
      const name = word.text.slice(2, equals === -1 ? undefined : equals);
      const value = equals === -1 ? undefined : word.text.slice(equals + 1);
      const kind = Object.hasOwn(spec, name) ? spec[name] : undefined;
      if (kind === undefined) {
        throw new SyntaxMistake(`unknown flag: --${name}${suggestion(name, Object.keys(spec))}`, word.offset);
      }
      if (values.has(name) && kind !== 'list') {
        throw new SyntaxMistake(`duplicate flag specified: --${name}`, word.offset);
      }
      values.set(name, [...(values.get(name) ?? []), checkedValue(name, kind, value, word.offset)]);
    }
    return new ReadFlags(values);
  }
}

function checkedValue(name: string, kind: FlagKind, value: string | undefined, offset: number): string {
  if (kind !== 'switch') {
    if (value === undefined) throw new SyntaxMistake(`missing a value on flag: --${name}`, offset);
    return value;
  }
  const text = (value ?? 'true').toLowerCase();
  if (text === '') throw new SyntaxMistake(`missing a value on flag: --${name}`, offset);
  if (text !== 'true' && text !== 'false') {
    throw new SyntaxMistake(`expecting boolean value for flag --${name}, not: ${value}`, offset);
  }
  return text;
}

export class ReadFlags {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  text(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  list(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  switch(name: string): boolean | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : value === 'true';
  }
}

export function readStatement(
  text: string,
  offset: number,
  heredocs: readonly Heredoc[],
  escapeChar: string,
): Statement {
  const verb = /^\S*/.exec(text)?.[0] ?? '';
  const { flags, rest } = takeFlags(text.slice(verb.length), offset + verb.length);
  const trimmed = { text: rest.text.trimEnd(), offset: rest.offset };
  return { verb: verb.toUpperCase(), flags: new Flags(flags), rest: trimmed, heredocs, text, escapeChar };
}

import { invalidParameter } from '../errors.ts';
import type { Accepts } from './program.ts';
import { type ClassSet, foldCase, isWordChar, namedClass, readEscape } from './regex-classes.ts';

/** A regular expression, for searching only: groups are not captured. */
export type RegexNode =
  | { readonly kind: 'one'; readonly accepts: Accepts }
  | { readonly kind: 'check'; readonly holds: (before: number, after: number) => boolean }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly RegexNode[] }
  | { readonly kind: 'repeat'; readonly part: RegexNode; readonly least: number; readonly most: number };

/** Go's limits on a repetition's count and on nesting. */
const MAX_REPEAT = 1000;
const MAX_DEPTH = 1000;
const MAX_SOURCE = 10_000;

/** Go's flags `i`, `m` and `s`; `U` does not affect whether there is a match. */
interface Flags {
  readonly fold: boolean;
  readonly lines: boolean;
  readonly dotAll: boolean;
}

/** @throws BargeError invalid-parameter, in Go's words. */
export function parseRegex(source: string): RegexNode {
  if (source.length > MAX_SOURCE) throw invalidParameter('error parsing regexp: expression too large');
  const parser = new Parser(source);
  const node = parser.choice({ fold: false, lines: false, dotAll: false }, 0);
  if (!parser.isDone) throw parser.mistake('unexpected )');
  return node;
}

class Parser {
  readonly #source: string;
  readonly #chars: readonly string[];
  #at = 0;

  constructor(source: string) {
    this.#source = source;
    this.#chars = [...source];
  }

  get isDone(): boolean {
    return this.#at >= this.#chars.length;
  }

  mistake(what: string): Error {
    return invalidParameter(`error parsing regexp: ${what}: \`${this.#source.slice(0, 100)}\``);
  }

  /** Alternatives, up to a closing parenthesis or the end. */
  choice(flags: Flags, depth: number): RegexNode {
    if (depth > MAX_DEPTH) throw this.mistake('expression nests too deeply');
    const parts: RegexNode[] = [];
    let sequence: RegexNode[] = [];
    let current = flags;
    while (!this.isDone && this.#peek() !== ')') {
      if (this.#takes('|')) {
        parts.push({ kind: 'sequence', parts: sequence });
        sequence = [];
        continue;
      }
      const item = this.#item(current, depth);
      if ('fold' in item) current = item;
      else sequence.push(this.#repeated(item));
    }
    parts.push({ kind: 'sequence', parts: sequence });
    return { kind: 'choice', parts };
  }

  /** One character, class, check or group; or, for `(?i)`, the flags from here on. */
  #item(flags: Flags, depth: number): RegexNode | Flags {
    const char = this.#next();
    switch (char) {
      case '(':
        return this.#group(flags, depth);
      case '[':
        return one(this.#bracket(flags));
      case '.':
        return one(flags.dotAll ? () => true : isNoNewline);
      case '^':
        return check((before) => before === -1 || (flags.lines && before === 0x0a));
      case '$':
        return check((_, after) => after === -1 || (flags.lines && after === 0x0a));
      case '\\':
        return this.#escape(flags);
      case '*':
      case '+':
      case '?':
        throw this.mistake(`missing argument to repetition operator: \`${char}\``);
      default:
        return one(foldCase(sameAs(char), flags.fold));
    }
  }

  #group(flags: Flags, depth: number): RegexNode | Flags {
    let inner = flags;
    if (this.#takes('?')) {
      if (this.#peek() === 'P' || this.#peek() === '<') this.#groupName();
      else {
        inner = this.#flags(flags);
        if (this.#takes(')')) return inner;
        if (!this.#takes(':')) throw this.mistake('invalid or unsupported Perl syntax');
      }
    }
    const node = this.choice(inner, depth + 1);
    if (!this.#takes(')')) throw this.mistake('missing closing )');
    return node;
  }

  #groupName(): void {
    this.#takes('P');
    let name = '';
    if (!this.#takes('<')) throw this.mistake('invalid or unsupported Perl syntax');
    while (!this.isDone && this.#peek() !== '>') name += this.#next();
    if (!this.#takes('>') || !/^\w+$/.test(name)) throw this.mistake('invalid named capture');
  }

  #flags(flags: Flags): Flags {
    let { fold, lines, dotAll } = flags;
    let on = true;
    while (!this.isDone && this.#peek() !== ')' && this.#peek() !== ':') {
      const char = this.#next();
      if (char === '-' && on) on = false;
      else if (char === 'i') fold = on;
      else if (char === 'm') lines = on;
      else if (char === 's') dotAll = on;
      else if (char !== 'U') throw this.mistake('invalid or unsupported Perl syntax');
    }
    return { fold, lines, dotAll };
  }

  #escape(flags: Flags): RegexNode {
    switch (this.#peek()) {
      case 'A':
        this.#at++;
        return check((before) => before === -1);
      case 'z':
        this.#at++;
        return check((_, after) => after === -1);
      case 'b':
      case 'B': {
        const wanted = this.#next() === 'b';
        return check((before, after) => (isWordChar(before) !== isWordChar(after)) === wanted);
      }
      case 'Q': {
        this.#at++;
        return this.#quoted(flags);
      }
      default: {
        const found = this.#readEscape();
        return one(foldCase('code' in found ? (code) => code === found.code : found.accepts, flags.fold));
      }
    }
  }

  /** `\Q…\E`: every character stands for itself. */
  #quoted(flags: Flags): RegexNode {
    const parts: RegexNode[] = [];
    while (!this.isDone) {
      if (this.#peek() === '\\' && this.#chars[this.#at + 1] === 'E') {
        this.#at += 2;
        break;
      }
      parts.push(one(foldCase(sameAs(this.#next()), flags.fold)));
    }
    return { kind: 'sequence', parts };
  }

  #readEscape(): ClassSet {
    const { found, end } = readEscape(this.#chars, this.#at) ?? {};
    if (!found || end === undefined) throw this.mistake('invalid escape sequence');
    this.#at = end;
    return found;
  }

  /** A class, read from behind its `[`. */
  #bracket(flags: Flags): Accepts {
    const negated = this.#takes('^');
    const sets: Accepts[] = [];
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.isDone) throw this.mistake('missing closing ]');
      const named = namedClass(this.#chars, this.#at);
      if (named) {
        sets.push(named.accepts);
        this.#at = named.end;
        continue;
      }
      const low = this.#bound();
      if (!('code' in low)) {
        sets.push(low.accepts);
        continue;
      }
      let high = low;
      if (this.#peek() === '-' && ![']', undefined].includes(this.#chars[this.#at + 1])) {
        this.#at++;
        const end = this.#bound();
        if (!('code' in end) || end.code < low.code) throw this.mistake('invalid character class range');
        high = end;
      }
      sets.push((code) => low.code <= code && code <= high.code);
    }
    this.#at++;
    const accepts = foldCase((code) => sets.some((set) => set(code)), flags.fold);
    return negated ? (code) => !accepts(code) : accepts;
  }

  #bound(): ClassSet {
    const char = this.#next();
    return char === '\\' ? this.#readEscape() : { code: char.codePointAt(0) ?? 0 };
  }

  /** `*`, `+`, `?` and `{2,3}` after an item. */
  #repeated(part: RegexNode): RegexNode {
    const range = this.#range();
    if (!range) return part;
    const [least, most] = range;
    this.#takes('?');
    if (this.#range(true)) throw this.mistake('invalid nested repetition operator');
    return { kind: 'repeat', part, least, most };
  }

  #range(isSecond = false): readonly [number, number] | undefined {
    const from = this.#at;
    const simple = { '*': [0, Number.POSITIVE_INFINITY], '+': [1, Number.POSITIVE_INFINITY], '?': [0, 1] };
    const known = simple[this.#peek() as keyof typeof simple];
    if (known) {
      this.#at++;
      return [known[0] ?? 0, known[1] ?? 0];
    }
    if (this.#peek() !== '{') return undefined;
    const text = this.#chars.slice(from, from + 16).join('');
    const match = /^\{(\d{1,6})(?:(,)(\d{0,6}))?\}/.exec(text);
    if (!match) return undefined;
    this.#at += match[0].length;
    const least = Number(match[1]);
    const most = match[2] ? (match[3] ? Number(match[3]) : Number.POSITIVE_INFINITY) : least;
    const tooMany = least > MAX_REPEAT || (most !== Number.POSITIVE_INFINITY && most > MAX_REPEAT);
    if (tooMany || least > most) throw this.mistake('invalid repeat count');
    if (isSecond) throw this.mistake('invalid nested repetition operator');
    return [least, most];
  }

  #peek(): string {
    return this.#chars[this.#at] ?? '';
  }

  #next(): string {
    if (this.isDone) throw this.mistake('missing closing ]');
    return this.#chars[this.#at++] ?? '';
  }

  #takes(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }
}

const one = (accepts: Accepts): RegexNode => ({ kind: 'one', accepts });
const check = (holds: (before: number, after: number) => boolean): RegexNode => ({ kind: 'check', holds });
const isNoNewline: Accepts = (code) => code !== 0x0a;

function sameAs(char: string): Accepts {
  const own = char.codePointAt(0);
  return (code) => code === own;
}

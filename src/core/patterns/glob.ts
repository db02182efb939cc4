import { invalidParameter } from '../errors.ts';
import { type Accepts, Program, type Step, search } from './program.ts';

/** A part of a wildcard pattern. */
export type Token =
  | { readonly kind: 'char'; readonly char: string }
  | { readonly kind: 'one'; readonly accepts: Accepts }
  | { readonly kind: 'many'; readonly accepts: Accepts }
  /** Any number of directories, each with the slash after it. */
  | { readonly kind: 'directories' };

export const isAny: Accepts = () => true;
const SLASH = 0x2f;
const isSlash: Accepts = (code) => code === SLASH;
const isNotSlash: Accepts = (code) => code !== SLASH;

/** Compiles wildcards to a program. Adjacent equal `many` tokens count as one, so the minimum text bounds the program's size. */
export function programOf(tokens: readonly Token[]): Program {
  const steps: Step[] = [];
  const many = (accepts: Accepts) => {
    const at = steps.length;
    steps.push({ kind: 'fork', to: [at + 1, at + 3] }, { kind: 'one', accepts }, { kind: 'fork', to: [at] });
  };
  for (const [place, token] of tokens.entries()) {
    if (token.kind === 'char') {
      const own = token.char.codePointAt(0);
      steps.push({ kind: 'one', accepts: (code) => code === own });
    } else if (token.kind === 'one') steps.push({ kind: 'one', accepts: token.accepts });
    else if (token.kind === 'many') {
      const before = tokens[place - 1];
      if (before?.kind !== 'many' || before.accepts !== token.accepts) many(token.accepts);
    } else if (tokens[place - 1]?.kind !== 'directories') {
      steps.push({ kind: 'fork', to: [steps.length + 1, steps.length + 5] });
      many(isAny);
      steps.push({ kind: 'one', accepts: isSlash });
    }
  }
  steps.push({ kind: 'end' });
  return new Program(steps);
}

/** A wildcard pattern that is matched against whole texts, in O(pattern × text) time. */
export class Glob {
  readonly #tokens: readonly Token[];
  readonly #isLiteral: boolean;
  /** Literal prefix and suffix, and minimum number of characters: these alone reject most texts. */
  readonly #prefix: string;
  readonly #suffix: string;
  readonly #least: number;
  #program: Program | undefined;

  constructor(tokens: readonly Token[]) {
    const isWild = ({ kind }: Token) => kind !== 'char';
    const first = tokens.findIndex(isWild);
    this.#tokens = tokens;
    this.#isLiteral = first === -1;
    this.#prefix = textOf(this.#isLiteral ? tokens : tokens.slice(0, first));
    this.#suffix = this.#isLiteral ? '' : textOf(tokens.slice(tokens.findLastIndex(isWild) + 1));
    this.#least = tokens.filter(({ kind }) => kind === 'char' || kind === 'one').length;
  }

  matches(text: string): boolean {
    if (this.#isLiteral) return text === this.#prefix;
    if (text.length < this.#least) return false;
    if (!text.startsWith(this.#prefix) || !text.endsWith(this.#suffix)) return false;
    this.#program ??= programOf(this.#tokens);
    return search(this.#program, text, { anchored: true, end: 'last' })?.end === text.length;
  }
}

const textOf = (tokens: readonly Token[]) =>
  tokens.map((token) => (token.kind === 'char' ? token.char : '')).join('');

/** Characters: many times the longest path. */
const MAX_PATTERN = 1 << 16;

/** Go's error for a pattern that path.Match cannot parse. */
const badPattern = () => invalidParameter('syntax error in pattern');

/**
 * A pattern of Go's path.Match: `*` and `?` stop at slashes, classes are `[a-z]` and `[^a-z]`, a backslash escapes.
 * With `doubleStar`, `**` matches any number of directories, as in moby's patternmatcher.
 * @throws BargeError invalid-parameter for a pattern that Go rejects.
 */
export function pathGlob(pattern: string, { doubleStar = false } = {}): Glob {
  if (pattern.length > MAX_PATTERN) {
    throw invalidParameter(`the pattern is longer than ${MAX_PATTERN} characters`);
  }
  const tokens = pathTokens([...pattern], doubleStar);
  /* In moby, a leading `**` before plain text matches any text: `**.log` also matches `a.log`. */
  const isEnding = doubleStar && /^\*\*[^/*?[\]\\]+(?:\/[^*?[\]\\]*)?$/.test(pattern);
  return new Glob(isEnding ? [{ kind: 'many', accepts: isAny }, ...tokens.slice(1)] : tokens);
}

function pathTokens(chars: readonly string[], doubleStar: boolean): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? '';
    if (char === '*' && doubleStar && chars[at + 1] === '*') {
      at += chars[at + 2] === '/' ? 2 : 1;
      tokens.push(at + 1 >= chars.length ? { kind: 'many', accepts: isAny } : { kind: 'directories' });
    } else if (char === '*') tokens.push({ kind: 'many', accepts: isNotSlash });
    else if (char === '?') tokens.push({ kind: 'one', accepts: isNotSlash });
    else if (char === '[') {
      const { accepts, end } = readClass(chars, at + 1);
      tokens.push({ kind: 'one', accepts });
      at = end;
    } else if (char === '\\') tokens.push({ kind: 'char', char: chars[++at] ?? fail() });
    else tokens.push({ kind: 'char', char });
  }
  return tokens;
}

/** Parses a class, starting after its `[`. `end` is the position of its `]`. */
function readClass(chars: readonly string[], from: number): { accepts: Accepts; end: number } {
  let at = from;
  const negated = chars[at] === '^';
  if (negated) at++;
  const ranges: (readonly [number, number])[] = [];
  const bound = (): number => {
    if (chars[at] === '-' || chars[at] === ']') throw badPattern();
    if (chars[at] === '\\') at++;
    return (chars[at++] ?? fail()).codePointAt(0) ?? 0;
  };
  while (chars[at] !== ']' || ranges.length === 0) {
    const low = bound();
    if (chars[at] === '-') {
      at++;
      ranges.push([low, bound()]);
    } else ranges.push([low, low]);
  }
  const isInside = inRanges(ranges);
  return { accepts: negated ? (code) => code !== SLASH && !isInside(code) : isInside, end: at };
}

function fail(): never {
  throw badPattern();
}

/** A membership test for inclusive ranges, in time logarithmic in their number. */
export function inRanges(ranges: readonly (readonly [number, number])[]): Accepts {
  const sorted = [...ranges].sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [low, high] of sorted) {
    if (low > high) continue;
    const last = merged.at(-1);
    if (last && low <= last[1] + 1) last[1] = Math.max(last[1], high);
    else merged.push([low, high]);
  }
  return (code) => {
    let [left, right] = [0, merged.length];
    while (left < right) {
      const middle = (left + right) >> 1;
      if ((merged[middle]?.[1] ?? 0) < code) left = middle + 1;
      else right = middle;
    }
    return (merged[left]?.[0] ?? Number.POSITIVE_INFINITY) <= code;
  };
}

/** A pattern in which `*` matches any text and `?` any character, slashes included; everything else is literal. */
export function textGlob(pattern: string): Glob {
  return new Glob(
    [...pattern].map((char): Token => {
      if (char === '*') return { kind: 'many', accepts: isAny };
      return char === '?' ? { kind: 'one', accepts: isAny } : { kind: 'char', char };
    }),
  );
}

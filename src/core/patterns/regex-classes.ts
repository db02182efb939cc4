import { inRanges } from './glob.ts';
import type { Accepts } from './program.ts';

/** The meaning of an escape: one character, or a set of them. */
export type ClassSet = { readonly code: number } | { readonly accepts: Accepts };

/** A set written as pairs of the first and last character of each range: `azAZ`. */
function rangesOf(pairs: string): Accepts {
  const codes = [...pairs].map((char) => char.codePointAt(0) ?? 0);
  return inRanges(codes.flatMap((low, at) => (at % 2 === 0 ? [[low, codes[at + 1] ?? low] as const] : [])));
}

const DIGIT = rangesOf('09');
const WORD = rangesOf('azAZ09__');
const SPACE = rangesOf('\t\n\f\r  ');
const not =
  (accepts: Accepts): Accepts =>
  (code) =>
    !accepts(code);

const SETS: Readonly<Record<string, Accepts>> = {
  d: DIGIT,
  D: not(DIGIT),
  w: WORD,
  W: not(WORD),
  s: SPACE,
  S: not(SPACE),
};

const CONTROLS: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

const POSIX: Readonly<Record<string, Accepts>> = {
  alnum: rangesOf('azAZ09'),
  alpha: rangesOf('azAZ'),
  ascii: rangesOf('\0\x7f'),
  blank: rangesOf('\t\t  '),
  cntrl: rangesOf('\0\x1f\x7f\x7f'),
  digit: DIGIT,
  graph: rangesOf('!~'),
  lower: rangesOf('az'),
  print: rangesOf(' ~'),
  punct: rangesOf('!/:@[`{~'),
  space: rangesOf('\t\r  '),
  upper: rangesOf('AZ'),
  word: WORD,
  xdigit: rangesOf('09AFaf'),
};

export const isWordChar: Accepts = (code) => WORD(code);

/** Parses `[:alpha:]` or `[:^alpha:]` at a position; undefined for anything else. */
export function namedClass(
  chars: readonly string[],
  at: number,
): { accepts: Accepts; end: number } | undefined {
  const match = /^\[:(\^?)([a-z]+):\]/.exec(chars.slice(at, at + 12).join(''));
  const accepts = match ? POSIX[match[2] ?? ''] : undefined;
  if (!match || !accepts) return undefined;
  return { accepts: match[1] ? not(accepts) : accepts, end: at + match[0].length };
}

/** Parses an escape, starting after its backslash; undefined for one that Go does not have. */
export function readEscape(
  chars: readonly string[],
  at: number,
): { found: ClassSet; end: number } | undefined {
  const char = chars[at] ?? '';
  const set = Object.hasOwn(SETS, char) ? SETS[char] : undefined;
  if (set) return { found: { accepts: set }, end: at + 1 };
  if (char === 'p' || char === 'P') return readProperty(chars, at);
  const rest = chars.slice(at, at + 10).join('');
  const number = /^x(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,6})\})/.exec(rest);
  if (number) {
    const code = Number.parseInt(number[1] ?? number[2] ?? '', 16);
    return code > 0x10ffff ? undefined : { found: { code }, end: at + number[0].length };
  }
  const octal = /^(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest);
  if (octal) return { found: { code: Number.parseInt(octal[0], 8) }, end: at + octal[0].length };
  const control = Object.hasOwn(CONTROLS, char) ? CONTROLS[char] : undefined;
  if (control !== undefined) return { found: { code: control }, end: at + 1 };
  if (char.length === 1 && char < '\x80' && !WORD(char.charCodeAt(0))) {
    return { found: { code: char.charCodeAt(0) }, end: at + 1 };
  }
  return undefined;
}

/** `\pL`, `\p{Greek}`, `\P{Lu}`: a general category or a script. */
function readProperty(chars: readonly string[], at: number): { found: ClassSet; end: number } | undefined {
  const match = /^[pP](?:([A-Z])|\{(\^?)(\w+)\})/.exec(chars.slice(at, at + 40).join(''));
  if (!match) return undefined;
  const name = match[1] ?? match[3] ?? '';
  const isIn = propertyTest(name);
  if (!isIn) return undefined;
  const negated = (chars[at] === 'P') !== (match[2] === '^');
  return { found: { accepts: negated ? not(isIn) : isIn }, end: at + match[0].length };
}

function propertyTest(name: string): Accepts | undefined {
  for (const property of [`gc=${name}`, `sc=${name}`]) {
    try {
      /* A single character is tested, so this expression cannot take long. */
      const expression = new RegExp(`^\\p{${property}}$`, 'u');
      return (code) => code >= 0 && expression.test(String.fromCodePoint(code));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return undefined;
}

/** Accepts both cases of a letter when the flag `i` is set. */
export function foldCase(accepts: Accepts, fold: boolean): Accepts {
  if (!fold) return accepts;
  return (code) => {
    if (accepts(code)) return true;
    const char = String.fromCodePoint(code);
    return [char.toLowerCase(), char.toUpperCase()].some(
      (other) => other !== char && [...other].length === 1 && accepts(other.codePointAt(0) ?? 0),
    );
  };
}

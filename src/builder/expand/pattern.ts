import { programOf, type Token } from '../../core/patterns/glob.ts';
import { type Accepts, search } from '../../core/patterns/program.ts';
import { SyntaxMistake } from '../parse/errors.ts';

/** `${x#pattern}` and, for the longest match, `${x##pattern}`. */
export function removePrefix(value: string, pattern: string, longest: boolean): string {
  return value.slice(prefixLength(value, readTokens(pattern, value), longest));
}

/** `${x%pattern}` and, for the longest match, `${x%%pattern}`. */
export function removeSuffix(value: string, pattern: string, longest: boolean): string {
  const reversed = [...value].reverse().join('');
  const length = prefixLength(reversed, readTokens(pattern, value).reverse(), longest);
  return value.slice(0, value.length - length);
}

/** `${x/pattern/replacement}` and, for every match, `${x//pattern/replacement}`. */
export function replace(value: string, pattern: string, replacement: string, all: boolean): string {
  const steps = programOf(readTokens(pattern, value));
  let result = '';
  let done = 0;
  for (let from = 0; from <= value.length; ) {
    const found = search(steps, value, { from, end: 'last' });
    if (!found) break;
    result += value.slice(done, found.start) + replacement;
    assertBounded(result);
    done = found.end;
    /* After an empty match, one character is copied. */
    const isEmpty = found.end === found.start;
    from = isEmpty ? found.end + ((value.codePointAt(found.end) ?? 0) > 0xffff ? 2 : 1) : found.end;
    if (!all) break;
  }
  return result + value.slice(done);
}

function prefixLength(value: string, tokens: readonly Token[], longest: boolean): number {
  const end = longest ? 'last' : 'first';
  return search(programOf(tokens), value, { anchored: true, end })?.end ?? 0;
}

/** Wildcards do not match newlines. */
const isInLine: Accepts = (code) => code !== 0x0a;

/** The maximum cost of a substitution: pattern × value, in characters. Some hundredths of a second. */
const MAX_WORK = 1 << 20;
const MAX_PATTERN = 1 << 16;

/** `*`, `?` and escapes; brackets are ordinary characters. */
function readTokens(pattern: string, value: string): Token[] {
  if (pattern.length > MAX_PATTERN || pattern.length * value.length > MAX_WORK) {
    throw new SyntaxMistake(
      `a pattern of ${pattern.length} characters is too long for a value of ${value.length}`,
    );
  }
  const tokens: Token[] = [];
  const chars = [...pattern];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? '';
    if (char === '*') tokens.push({ kind: 'many', accepts: isInLine });
    else if (char === '?') tokens.push({ kind: 'one', accepts: isInLine });
    else if (char === '\\') tokens.push({ kind: 'char', char: escapedChar(chars[++at] ?? '', pattern) });
    else tokens.push({ kind: 'char', char });
  }
  return tokens;
}

function escapedChar(char: string, pattern: string): string {
  if (['*', '?', '\\', '}', '/'].includes(char)) return char;
  throw new SyntaxMistake(`invalid pattern (${pattern}) in substitution: invalid escape '\\${char}'`);
}

/** The maximum expansion of a word, in characters. The kernel limits variables to 128 KiB. */
const MAX_EXPANSION = 1 << 20;

/** Prevents variables that double themselves from exhausting memory. */
export function assertBounded(text: string): void {
  if (text.length > MAX_EXPANSION) {
    throw new SyntaxMistake(`the text expands to more than ${MAX_EXPANSION} characters`);
  }
}

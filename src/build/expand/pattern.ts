import { SyntaxMistake } from '../parse/errors.ts';

/** `${x#pattern}` and, for the longest match, `${x##pattern}`. */
export function removePrefix(value: string, pattern: string, longest: boolean): string {
  const regex = new RegExp(`^${shellPattern(pattern, longest)}`, 'u');
  return value.slice(regex.exec(value)?.[0].length ?? 0);
}

/** `${x%pattern}` and, for the longest match, `${x%%pattern}`. */
export function removeSuffix(value: string, pattern: string, longest: boolean): string {
  const regex = new RegExp(`^${shellPattern(pattern, true)}$`, 'u');
  const starts = Array.from({ length: value.length + 1 }, (_, index) => index);
  if (!longest) starts.reverse();
  const start = starts.find((index) => regex.test(value.slice(index)));
  return start === undefined ? value : value.slice(0, start);
}

/** `${x/pattern/replacement}` and, for every match, `${x//pattern/replacement}`. */
export function replace(value: string, pattern: string, replacement: string, all: boolean): string {
  const regex = new RegExp(shellPattern(pattern, true), all ? 'gu' : 'u');
  return value.replace(regex, () => replacement);
}

/** A regular expression's source for `*`, `?` and escapes; brackets are ordinary characters. */
function shellPattern(pattern: string, greedy: boolean): string {
  let source = '';
  const chars = [...pattern];
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] ?? '';
    if (char === '*') source += greedy ? '.*' : '.*?';
    else if (char === '?') source += '.';
    else if (char === '\\') source += escapedChar(chars[++i] ?? '', pattern);
    else source += literal(char);
  }
  return source;
}

function escapedChar(char: string, pattern: string): string {
  if (!['*', '?', '\\', '}', '/'].includes(char)) {
    throw new SyntaxMistake(`invalid pattern (${pattern}) in substitution: invalid escape '\\${char}'`);
  }
  return literal(char);
}

const literal = (char: string) => char.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&');

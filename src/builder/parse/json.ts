import { SyntaxMistake } from './errors.ts';
import type { Word } from './words.ts';

/**
 * The strings of a JSON array, or undefined when the text is not a JSON array and thus the shell form.
 * @throws SyntaxMistake for an array with other elements.
 */
export function jsonStrings(word: Word): readonly string[] | undefined {
  const text = word.text.trim();
  if (!text.startsWith('[')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  if (!value.every((item) => typeof item === 'string')) {
    throw new SyntaxMistake(
      'when using JSON array syntax, arrays must be comprised of strings only',
      word.offset,
    );
  }
  return value;
}

/**
 * Characters that control terminals (C0, DEL, C1), and those that end lines or change the direction of
 * text: client-supplied text must not affect how a log or a list is displayed.
 */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\p{Cs}]/gu;

const escaped = (character: string): string =>
  `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;

/** Text with unprintable characters as `\uXXXX`. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, escaped);

/** The same for a line of JSON, with its trailing newline kept; these are JSON's escapes. */
export const printableLine = (line: string): string =>
  line.endsWith('\n') ? `${printable(line.slice(0, -1))}\n` : printable(line);

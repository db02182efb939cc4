/**
 * Characters that terminals obey instead of showing them (C0, DEL, C1), and those that end lines or turn the direction of
 * text: what strangers chose must not be able to change what a reader of a log or a list sees.
 */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\p{Cs}]/gu;

const escaped = (character: string): string =>
  `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;

/** Text with what cannot be printed as `\uXXXX`. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, escaped);

/** The same for a line of JSON, whose newline at the end stays; the escapes are JSON's own. */
export const printableLine = (line: string): string =>
  line.endsWith('\n') ? `${printable(line.slice(0, -1))}\n` : printable(line);

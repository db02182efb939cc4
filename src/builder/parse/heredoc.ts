import { SyntaxMistake } from './errors.ts';
import { rawWords } from './words.ts';

/** A heredoc of an instruction: `<<NAME` … `NAME`. */
export interface Heredoc {
  readonly name: string;
  /** Whether variables in it are expanded: its name was not quoted. */
  readonly expand: boolean;
  /** Whether leading tabs are removed from each line: `<<-`. */
  readonly chomp: boolean;
  /** Lines as written, each ending with a line feed. */
  readonly content: string;
}

type HeredocStart = Omit<Heredoc, 'content'>;

const START = /^\d*<<(-?)([^<]*)$/;

/** The heredoc that a word starts, else undefined. */
export function heredocStart(word: string, escapeChar: string): HeredocStart | undefined {
  const match = START.exec(word);
  if (!match) return undefined;
  const raw = match[2] ?? '';
  const name = unquote(raw, escapeChar);
  if (name === '' || /\s/.test(name)) return undefined;
  return { name, expand: name === raw, chomp: match[1] === '-' };
}

/** The heredocs that an instruction's text starts, in order. */
export function heredocStarts(text: string, escapeChar: string): HeredocStart[] {
  if (!text.includes('<<')) return [];
  return rawWords(text, escapeChar)
    .map((word) => heredocStart(word.text, escapeChar))
    .filter((start) => start !== undefined);
}

/** A heredoc's content without the leading tabs of `<<-`. */
export function heredocText(heredoc: Heredoc): string {
  return heredoc.chomp ? heredoc.content.replace(/^\t+/gm, '') : heredoc.content;
}

/** Whether `line` ends the document. */
export function endsHeredoc(start: HeredocStart, line: string): boolean {
  return (start.chomp ? line.replace(/^\t+/, '') : line) === start.name;
}

function unquote(text: string, escapeChar: string): string {
  let result = '';
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = '';
    else if (char === escapeChar && quote !== "'" && i + 1 < text.length) result += text[++i];
    else result += char;
  }
  if (quote !== '') throw new SyntaxMistake(`unterminated quote in heredoc name ${text}`);
  return result;
}

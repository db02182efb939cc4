import { SyntaxMistake } from '../parse/errors.ts';
import { readParameter } from './parameter.ts';
import { assertBounded } from './pattern.ts';
import { type EscapeMode, type ExpandOptions, type Lookup, Scanner } from './scanner.ts';

/**
 * Expands `$x`, `${x}` and `${x<modifier>}` and removes quotes and escapes, as BuildKit's shell lexer does.
 * @throws SyntaxMistake naming the text for bad substitutions and unterminated quotes.
 */
export function expandWord(text: string, lookup: Lookup, options: ExpandOptions): string {
  return expand(text, lookup, options).word;
}

/** The same, then split at unquoted white space. */
export function expandWords(text: string, lookup: Lookup, options: ExpandOptions): string[] {
  return expand(text, lookup, options).words;
}

function expand(text: string, lookup: Lookup, options: ExpandOptions): Expansion {
  // Most words contain nothing to expand.
  if (!/[$'"\s]/.test(text) && !text.includes(options.escapeChar)) {
    return { word: text, words: text === '' ? [] : [text] };
  }
  try {
    return expandUntil(new Scanner(text, lookup, options), undefined, 'take');
  } catch (error) {
    if (error instanceof SyntaxMistake) {
      throw new SyntaxMistake(`failed to process ${JSON.stringify(text)}: ${error.message}`);
    }
    throw error;
  }
}

interface Expansion {
  readonly word: string;
  readonly words: string[];
}

/** Expands up to `stop`, which is consumed, or to the end without a `stop`. */
function expandUntil(scanner: Scanner, stop: string | undefined, escapes: EscapeMode): Expansion {
  const out = new WordCollector();
  while (!scanner.done) {
    const char = scanner.peek();
    if (char === stop) {
      scanner.next();
      return out.finish();
    }
    if (char === '$') out.addSplitting(readDollar(scanner));
    else if (char === "'" && scanner.processQuotes) out.addWhole(singleQuoted(scanner));
    else if (char === '"' && scanner.processQuotes) out.addWhole(doubleQuoted(scanner, escapes));
    else if (char === scanner.escapeChar) out.addWhole(escaped(scanner, escapes));
    else out.addSplitting(scanner.next());
  }
  if (stop !== undefined) {
    throw new SyntaxMistake(`unexpected end of statement while looking for matching ${stop}`);
  }
  return out.finish();
}

/** The maximum nesting of substitutions. */
const MAX_DEPTH = 200;

function readDollar(scanner: Scanner): string {
  if (scanner.depth >= MAX_DEPTH) throw new SyntaxMistake('substitutions nest too deeply');
  scanner.depth++;
  const text = readParameter(scanner, (stop, escapes) => expandUntil(scanner, stop, escapes).word);
  scanner.depth--;
  return text;
}

function escaped(scanner: Scanner, escapes: EscapeMode): string {
  const prefix = scanner.next();
  const char = scanner.done ? '' : scanner.next();
  return escapes === 'keep' ? prefix + char : char;
}

function singleQuoted(scanner: Scanner): string {
  scanner.next();
  let text = '';
  while (!scanner.done) {
    const char = scanner.next();
    if (char === "'") return text;
    text += char;
  }
  throw new SyntaxMistake('unexpected end of statement while looking for matching single-quote');
}

function doubleQuoted(scanner: Scanner, escapes: EscapeMode): string {
  scanner.next();
  let text = '';
  while (!scanner.done) {
    const char = scanner.peek();
    if (char === '"') {
      scanner.next();
      return text;
    }
    if (char === '$') text += readDollar(scanner);
    else if (char === scanner.escapeChar) text += escapedInQuotes(scanner, escapes);
    else text += scanner.next();
  }
  throw new SyntaxMistake('unexpected end of statement while looking for matching double-quote');
}

/** Within double quotes an escape applies only before a quote, a dollar or itself. */
function escapedInQuotes(scanner: Scanner, escapes: EscapeMode): string {
  const prefix = scanner.next();
  if (scanner.done) return '';
  const counts = ['"', '$', scanner.escapeChar].includes(scanner.peek());
  if (!counts) return prefix;
  return (escapes === 'keep' ? prefix : '') + scanner.next();
}

/** Collects the whole text and its words. */
class WordCollector {
  #all = '';
  #word = '';
  #words: string[] = [];

  /** White space in `text` separates words. */
  addSplitting(text: string): void {
    this.#all += text;
    assertBounded(this.#all);
    for (const char of text) {
      if (/\s/.test(char)) this.#end();
      else this.#word += char;
    }
  }

  /** White space in `text` is part of the word. */
  addWhole(text: string): void {
    this.#all += text;
    assertBounded(this.#all);
    this.#word += text;
  }

  finish(): Expansion {
    this.#end();
    return { word: this.#all, words: this.#words };
  }

  #end(): void {
    if (this.#word !== '') this.#words.push(this.#word);
    this.#word = '';
  }
}

/** The value of a variable, or undefined when it is not set. */
export type Lookup = (name: string) => string | undefined;

export interface ExpandOptions {
  /** The escape of the Dockerfile: a backslash, or the character of its directive. */
  readonly escapeChar: string;
  /** `literal` leaves quotes in the text, as in heredocs. */
  readonly quotes?: 'process' | 'literal';
}

/** Whether escape characters are removed, or kept for a pattern to interpret. */
export type EscapeMode = 'take' | 'keep';

/** Reads a text character by character, with the context of its expansion. */
export class Scanner {
  readonly lookup: Lookup;
  readonly escapeChar: string;
  readonly processQuotes: boolean;
  readonly #chars: readonly string[];
  #at = 0;
  /** The number of nested substitutions at the current position. */
  depth = 0;

  constructor(text: string, lookup: Lookup, options: ExpandOptions) {
    this.#chars = [...text];
    this.lookup = lookup;
    this.escapeChar = options.escapeChar;
    this.processQuotes = options.quotes !== 'literal';
  }

  get done(): boolean {
    return this.#at >= this.#chars.length;
  }

  /** The next character, or the empty string at the end. */
  peek(): string {
    return this.#chars[this.#at] ?? '';
  }

  next(): string {
    return this.#chars[this.#at++] ?? '';
  }
}

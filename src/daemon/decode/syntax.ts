/** Finds the first mistake in JSON, and reports it in the words of Go's scanner, which clients and their tests expect. */

class Problem extends Error {}

/** What is wrong with text that is not JSON. */
export function syntaxProblem(text: string): string {
  try {
    new Scanner(text).document();
  } catch (error) {
    if (error instanceof Problem) return error.message;
    throw error;
  }
  return 'invalid JSON';
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#value();
    if (this.#skip() !== undefined) throw this.#unexpected('after top-level value');
  }

  #skip(): string | undefined {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? 'x')) this.#at++;
    return this.#text[this.#at];
  }

  #unexpected(where: string): Problem {
    const char = this.#text[this.#at];
    if (char === undefined) return new Problem('unexpected EOF');
    const shown = char === "'" ? "'\\''" : char === '"' ? `'"'` : `'${JSON.stringify(char).slice(1, -1)}'`;
    return new Problem(`invalid character ${shown} ${where}`);
  }

  #value(): void {
    const char = this.#skip();
    if (char === '{') this.#members();
    else if (char === '[') this.#elements();
    else if (char === '"') this.#string();
    else if (char !== undefined && /[-\d]/.test(char)) this.#number();
    else this.#literal(char);
  }

  #literal(char: string | undefined): void {
    const literal = ['true', 'false', 'null'].find((word) => word[0] === char);
    if (literal === undefined) throw this.#unexpected('looking for beginning of value');
    for (const expected of literal) {
      if (this.#text[this.#at] !== expected)
        throw this.#unexpected(`in literal ${literal} (expecting '${expected}')`);
      this.#at++;
    }
  }

  #members(): void {
    this.#at++;
    let next = this.#skip() === '}' ? '}' : ',';
    if (next === '}') this.#at++;
    while (next !== '}') {
      if (this.#skip() !== '"') throw this.#unexpected('looking for beginning of object key string');
      this.#string();
      if (this.#skip() !== ':') throw this.#unexpected('after object key');
      this.#at++;
      this.#value();
      next = this.#skip() ?? '';
      if (next !== ',' && next !== '}') throw this.#unexpected('after object key:value pair');
      this.#at++;
    }
  }

  #elements(): void {
    this.#at++;
    let next = this.#skip() === ']' ? ']' : ',';
    if (next === ']') this.#at++;
    while (next !== ']') {
      this.#value();
      next = this.#skip() ?? '';
      if (next !== ',' && next !== ']') throw this.#unexpected('after array element');
      this.#at++;
    }
  }

  #string(): void {
    this.#at++;
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined || char < ' ') throw this.#unexpected('in string literal');
      this.#at++;
      if (char === '"') return;
      if (char === '\\') this.#escape();
    }
  }

  #escape(): void {
    const kind = this.#text[this.#at];
    if (kind === undefined || !'"\\/bfnrtu'.includes(kind)) throw this.#unexpected('in string escape code');
    this.#at++;
    for (let digits = 0; kind === 'u' && digits < 4; digits++) {
      if (!/[\da-f]/i.test(this.#text[this.#at] ?? ''))
        throw this.#unexpected('in \\u hexadecimal character escape');
      this.#at++;
    }
  }

  #number(): void {
    if (this.#text[this.#at] === '-') this.#at++;
    if (this.#text[this.#at] === '0') this.#at++;
    else this.#digits('in numeric literal');
    if (this.#text[this.#at] === '.') {
      this.#at++;
      this.#digits('after decimal point in numeric literal');
    }
    if (!/[eE]/.test(this.#text[this.#at] ?? '')) return;
    this.#at++;
    if (/[-+]/.test(this.#text[this.#at] ?? '')) this.#at++;
    this.#digits('in exponent of numeric literal');
  }

  #digits(where: string): void {
    if (!/\d/.test(this.#text[this.#at] ?? '')) throw this.#unexpected(where);
    while (/\d/.test(this.#text[this.#at] ?? '')) this.#at++;
  }
}

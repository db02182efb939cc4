import type { CommandFailure } from '../failure.ts';
import { lex, type Token } from './lexer.ts';
import { readCharacter, readNumber } from './literals.ts';
import type { Node, Operand, Pipe, Stage } from './syntax.ts';
import { templateError } from './template-error.ts';

export interface Template {
  readonly source: string;
  readonly nodes: readonly Node[];
  /** The bodies of `{{define}}` and `{{block}}`, by name. */
  readonly definitions: ReadonlyMap<string, readonly Node[]>;
}

/** @throws CommandFailure in Go's words when `source` is not a template; `functions` are the names that it may call. */
export function parseTemplate(source: string, functions: ReadonlySet<string>): Template {
  const parser = new Parser(source, functions);
  const nodes = parser.list(false);
  return { source, nodes, definitions: parser.definitions };
}

const MAX_DEPTH = 500;
const ENDS: ReadonlySet<string> = new Set(['end', 'else']);

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  readonly #functions: ReadonlySet<string>;
  readonly definitions = new Map<string, readonly Node[]>();
  #at = 0;
  /** The number of open `{{range}}`. */
  #ranges = 0;
  /** The number of open parentheses and blocks. */
  #depth = 0;

  constructor(source: string, functions: ReadonlySet<string>) {
    this.#source = source;
    this.#tokens = lex(source);
    this.#functions = functions;
  }

  #peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead];
  }

  #take(): Token {
    const token = this.#tokens[this.#at++];
    if (!token) throw this.#error('unexpected EOF');
    return token;
  }

  #error(message: string, at = this.#peek()?.at ?? this.#source.length): CommandFailure {
    return templateError(this.#source, at, message);
  }

  #isSymbol(symbol: string, ahead = 0): boolean {
    const token = this.#peek(ahead);
    return token?.kind === 'symbol' && token.text === symbol;
  }

  /** Nodes up to `{{end}}` or `{{else`, which are not consumed, or up to the end of the template. */
  list(nested: boolean): Node[] {
    const nodes: Node[] = [];
    for (let token = this.#peek(); token; token = this.#peek()) {
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', text: token.text });
        this.#at++;
        continue;
      }
      const next = this.#peek(1);
      if (next?.kind === 'word' && ENDS.has(next.text)) {
        if (nested) return nodes;
        throw this.#error(`unexpected {{${next.text}}}`);
      }
      if (next?.kind === 'word' && next.text === 'define') this.#define(nested);
      else nodes.push(this.#action());
    }
    if (nested) throw this.#error('unexpected EOF');
    return nodes;
  }

  #action(): Node {
    this.#take();
    const word = this.#peek()?.text;
    if (this.#peek()?.kind === 'word') {
      if (word === 'if' || word === 'range' || word === 'with') return this.#branch(word);
      if (word === 'template') return this.#call();
      if (word === 'block') return this.#block();
      if (word === 'break' || word === 'continue') {
        if (this.#ranges === 0) throw this.#error(`{{${word}}} outside {{range}}`);
        this.#at++;
        this.#close();
        return { kind: 'jump', to: word };
      }
    }
    const pipe = this.#pipe();
    this.#close();
    return { kind: 'action', pipe };
  }

  /** `{{define "name"}}…{{end}}`, which prints nothing in its place. */
  #define(nested: boolean): void {
    if (nested) throw this.#error('unexpected <define> in command');
    this.#at += 2;
    const name = this.#templateName('define');
    this.#close();
    this.#body(name);
  }

  #call(): Node {
    const { at } = this.#take();
    const name = this.#templateName('template');
    const pipe = this.#peek()?.kind === 'close' ? undefined : this.#pipe();
    this.#close();
    return { kind: 'call', name, pipe, at };
  }

  #block(): Node {
    const { at } = this.#take();
    const name = this.#templateName('block');
    const pipe = this.#pipe();
    this.#close();
    this.#body(name);
    return { kind: 'call', name, pipe, at };
  }

  #templateName(clause: string): string {
    const token = this.#take();
    if (token.kind !== 'string')
      throw this.#error(`unexpected <${token.text}> in ${clause} clause`, token.at);
    return token.text;
  }

  /** Reads up to `{{end}}` and stores the body as `name`. */
  #body(name: string): void {
    const nodes = this.list(true);
    this.#take();
    const word = this.#take();
    if (word.text !== 'end') throw this.#error(`unexpected {{${word.text}}}`, word.at);
    this.#close();
    this.definitions.set(name, nodes);
  }

  #close(): void {
    const token = this.#take();
    if (token.kind !== 'close') throw this.#error(`unexpected <${token.text}> in command`, token.at);
  }

  /** @throws CommandFailure where recursion would exhaust the stack. */
  #deeper(): void {
    if (++this.#depth > MAX_DEPTH) throw this.#error('max expression depth exceeded');
  }

  #branch(kind: 'if' | 'range' | 'with'): Node {
    this.#at++;
    this.#deeper();
    const pipe = this.#pipe();
    this.#close();
    if (kind === 'range') this.#ranges++;
    const body = this.list(true);
    if (kind === 'range') this.#ranges--;
    let otherwise: readonly Node[] = [];
    this.#take();
    if (this.#take().text === 'else') {
      const next = this.#peek();
      if (kind !== 'range' && next?.kind === 'word' && next.text === kind) {
        otherwise = [this.#branch(kind)];
        this.#depth--;
        return { kind, pipe, body, otherwise };
      }
      this.#close();
      otherwise = this.list(true);
      this.#take();
      if (this.#take().text !== 'end') throw this.#error('expected end; found {{else}}');
    }
    this.#close();
    this.#depth--;
    return { kind, pipe, body, otherwise };
  }

  #pipe(): Pipe {
    const at = this.#peek()?.at ?? this.#source.length;
    const { variables, declares } = this.#declaration();
    const stages: Stage[] = [this.#stage()];
    while (this.#isSymbol('|')) {
      this.#at++;
      stages.push(this.#stage());
    }
    return { variables, declares, stages, at };
  }

  /** `$x :=`, `$x =` or `$i, $x :=`, if present. */
  #declaration(): { variables: string[]; declares: boolean } {
    const first = this.#peek();
    if (first?.kind !== 'variable') return { variables: [], declares: false };
    const count = this.#isSymbol(',', 1) && this.#peek(2)?.kind === 'variable' ? 2 : 1;
    const sign = count === 2 ? 3 : 1;
    if (!this.#isSymbol(':=', sign) && !this.#isSymbol('=', sign)) return { variables: [], declares: false };
    const variables = count === 2 ? [first.text, this.#peek(2)?.text ?? ''] : [first.text];
    const declares = this.#isSymbol(':=', sign);
    this.#at += sign + 1;
    return { variables, declares };
  }

  #stage(): Stage {
    const at = this.#peek()?.at ?? this.#source.length;
    const operands: Operand[] = [];
    for (let token = this.#peek(); token; token = this.#peek()) {
      if (token.kind === 'close' || this.#isSymbol('|') || this.#isSymbol(')')) break;
      operands.push(this.#operand());
    }
    if (operands.length === 0) throw this.#error('missing value for command', at);
    return { operands, at };
  }

  #operand(): Operand {
    const token = this.#take();
    const { at, text } = token;
    switch (token.kind) {
      case 'dot':
        return { kind: 'dot', at, source: '.' };
      case 'field': {
        const names = [text.slice(1), ...this.#fields()];
        return {
          kind: 'fields',
          names,
          at: this.#chainAt(at, names.length - 1),
          source: `.${names.join('.')}`,
        };
      }
      case 'variable': {
        const names = this.#fields();
        const source = [text, ...names].join('.');
        return { kind: 'variable', name: text, names, at: this.#chainAt(at, names.length), source };
      }
      case 'string':
        return { kind: 'literal', value: text, at, source: JSON.stringify(text) };
      case 'number':
        return this.#number(token, readNumber(text));
      case 'character':
        return this.#number(token, readCharacter(text));
      case 'word':
        return this.#word(token);
      default:
        if (text === '(') return this.#parenthesis(at);
        throw this.#error(`unexpected <${text}> in operand`, at);
    }
  }

  #number({ text, at }: Token, value: unknown): Operand {
    if (value === undefined) throw this.#error(`bad number syntax: ${JSON.stringify(text)}`, at);
    return { kind: 'literal', value, at, source: text };
  }

  #word({ text, at }: Token): Operand {
    const literals: Readonly<Record<string, unknown>> = { true: true, false: false, nil: null };
    if (Object.hasOwn(literals, text)) return { kind: 'literal', value: literals[text], at, source: text };
    if (!this.#functions.has(text)) throw this.#error(`function "${text}" not defined`, at);
    return { kind: 'function', name: text, at, source: text };
  }

  #parenthesis(at: number): Operand {
    this.#deeper();
    const pipe = this.#pipe();
    this.#depth--;
    const close = this.#take();
    if (close.text !== ')') throw this.#error('unclosed left paren', close.at);
    const source = this.#source.slice(at, close.at + 1);
    return { kind: 'pipe', pipe, names: this.#fields(), at, source };
  }

  /** Go reports a chain of members at the first one after its head. @param length of the members. */
  #chainAt(head: number, length: number): number {
    return length === 0 ? head : (this.#tokens[this.#at - length]?.at ?? head);
  }

  /** `.B.C` directly after an operand. */
  #fields(): string[] {
    const names: string[] = [];
    for (let token = this.#peek(); token?.kind === 'field' && !token.spaced; token = this.#peek()) {
      names.push(token.text.slice(1));
      this.#at++;
    }
    return names;
  }
}

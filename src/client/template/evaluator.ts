import { messageOf } from '../../core/errors.ts';
import { printable } from '../format/printable.ts';
import { ARITY, FUNCTIONS, isTrue, type TemplateFunction } from './functions.ts';
import { parseTemplate, type Template } from './parser.ts';
import { printValue } from './print.ts';
import { byCodePoints } from './printf.ts';
import type { Branch, Call, Node, Operand, Pipe, Stage } from './syntax.ts';
import { ExecutionError } from './template-error.ts';
import { Float, floatOf, goType, isInteger, NilPointer, typedOf } from './values.ts';

interface EvaluationOptions {
  readonly functions?: Readonly<Record<string, TemplateFunction>>;
  /** Members that a value may lack; they are nil, like a Go pointer that the JSON omits. */
  readonly optional?: ReadonlySet<string>;
  /** The Go type that the top value stands for, in messages about missing members. */
  readonly typeName?: string;
}

/** Compiles `source` into a function that renders a value. */
export function compileTemplate(source: string, options: EvaluationOptions = {}): (data: unknown) => string {
  const functions = options.functions ?? FUNCTIONS;
  const template = parseTemplate(source, new Set(Object.keys(functions)));
  return (data) => new Evaluator(template, functions, options, data).run();
}

type Outcome = 'next' | 'break' | 'continue';

/** Templates may call themselves, at most this deep. */
const MAX_CALLS = 1000;
/** The largest `{{range}}` count, which bounds the memory. */
const MAX_COUNT = 1_000_000;

class Evaluator {
  readonly #template: Template;
  readonly #functions: Readonly<Record<string, TemplateFunction>>;
  readonly #options: EvaluationOptions;
  readonly #root: unknown;
  /** Innermost scope last. */
  #scopes: Map<string, unknown>[];
  #output = '';
  #calls = 0;

  constructor(
    template: Template,
    functions: Readonly<Record<string, TemplateFunction>>,
    options: EvaluationOptions,
    root: unknown,
  ) {
    this.#template = template;
    this.#functions = functions;
    this.#options = options;
    this.#root = root;
    this.#scopes = [new Map([['$', root]])];
  }

  run(): string {
    this.#walk(this.#template.nodes, this.#root);
    return this.#output;
  }

  #walk(nodes: readonly Node[], dot: unknown): Outcome {
    for (const node of nodes) {
      let outcome: Outcome = 'next';
      if (node.kind === 'text') this.#output += node.text;
      else if (node.kind === 'action') {
        const value = this.#pipe(node.pipe, dot);
        if (node.pipe.variables.length === 0) {
          this.#output += printable(printValue(value));
        }
      } else if (node.kind === 'jump') return node.to;
      else if (node.kind === 'call') this.#callTemplate(node, dot);
      else outcome = this.#scoped(() => this.#branch(node, dot));
      if (outcome !== 'next') return outcome;
    }
    return 'next';
  }

  /** Another template starts with its argument as `.` and `$`, and cannot see the variables of its caller. */
  #callTemplate({ name, pipe, at }: Call, dot: unknown): void {
    const nodes = this.#template.definitions.get(name);
    if (!nodes) throw this.#error(at, `{{template "${name}"}}`, `template "${name}" not defined`);
    if (++this.#calls > MAX_CALLS) {
      throw this.#error(at, `{{template "${name}"}}`, `exceeded maximum template depth (${MAX_CALLS})`);
    }
    const argument = pipe ? this.#pipe(pipe, dot) : null;
    const outer = this.#scopes;
    this.#scopes = [new Map([['$', argument]])];
    this.#walk(nodes, argument);
    this.#scopes = outer;
    this.#calls--;
  }

  #scoped<T>(work: () => T): T {
    this.#scopes.push(new Map());
    try {
      return work();
    } finally {
      this.#scopes.pop();
    }
  }

  #branch(node: Branch, dot: unknown): Outcome {
    if (node.kind === 'range') return this.#range(node, dot);
    const value = this.#pipe(node.pipe, dot);
    if (!isTrue(value)) return this.#walk(node.otherwise, dot);
    return this.#walk(node.body, node.kind === 'with' ? value : dot);
  }

  #range(node: Branch, dot: unknown): Outcome {
    const value = this.#pipe({ ...node.pipe, variables: [] }, dot);
    const items = this.#itemsOf(value, node);
    if (items.length === 0) return this.#walk(node.otherwise, dot);
    const { variables } = node.pipe;
    for (const [key, item] of items) {
      const outcome = this.#scoped(() => {
        const values = variables.length === 2 ? [key, item] : [item];
        for (const [at, name] of variables.entries()) this.#scopes.at(-1)?.set(name, values[at]);
        return this.#walk(node.body, item);
      });
      if (outcome === 'break') break;
    }
    return 'next';
  }

  #itemsOf(value: unknown, node: Branch): readonly (readonly [unknown, unknown])[] {
    if (value === null || value === undefined) return [];
    if (Array.isArray(value)) return value.map((item, at) => [at, item]);
    if (isInteger(value)) return this.#countTo(Number(value), node);
    const isMap = typeof value === 'object' && floatOf(value) === undefined && !(value instanceof NilPointer);
    if (isMap && typedOf(value)?.type.kind !== 'struct') {
      return Object.entries(value).sort(([a], [b]) => byCodePoints(a, b));
    }
    throw this.#error(node.pipe.at, sourceOf(node.pipe), `range can't iterate over ${printValue(value)}`);
  }

  /** 0, 1, … up to but excluding `end`. */
  #countTo(end: number, node: Branch): (readonly [number, number])[] {
    if (end > MAX_COUNT) {
      throw this.#error(
        node.pipe.at,
        sourceOf(node.pipe),
        `range counts to ${MAX_COUNT} at most, not to ${end}`,
      );
    }
    return Array.from({ length: Math.max(0, end) }, (_, at) => [at, at] as const);
  }

  #pipe(pipe: Pipe, dot: unknown): unknown {
    let value: unknown;
    for (const [at, stage] of pipe.stages.entries()) value = this.#stage(stage, dot, at === 0 ? [] : [value]);
    for (const name of pipe.variables) {
      const holder = pipe.declares ? this.#scopes.at(-1) : this.#scopes.findLast((scope) => scope.has(name));
      if (!holder) throw this.#error(pipe.at, name, `undefined variable: ${name}`);
      holder.set(name, value);
    }
    return value;
  }

  #stage(stage: Stage, dot: unknown, piped: readonly unknown[]): unknown {
    const [head, ...rest] = stage.operands;
    if (!head) return undefined;
    if (head.kind === 'literal' && head.value === null)
      throw this.#error(head.at, 'nil', 'nil is not a command');
    if (head.kind === 'function' && (head.name === 'and' || head.name === 'or')) {
      return this.#decide(head.name === 'or', rest, dot, piped);
    }
    const value = head.kind === 'function' ? this.#functions[head.name] : this.#operand(head, dot);
    const args = () => [...rest.map((operand) => this.#value(operand, dot)), ...piped];
    if (typeof value === 'function')
      return this.#call(head, value as TemplateFunction, args(), sourceOfStage(stage));
    if (rest.length > 0 || piped.length > 0) {
      throw this.#error(head.at, head.source, `can't give argument to non-function ${head.source}`);
    }
    return value;
  }

  /** `and` and `or`: stops at the operand that decides. */
  #decide(stopAt: boolean, operands: readonly Operand[], dot: unknown, piped: readonly unknown[]): unknown {
    let value: unknown;
    for (const operand of operands) {
      value = this.#value(operand, dot);
      if (isTrue(value) === stopAt) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  /** @param source the whole call, for messages. */
  #call(head: Operand, target: TemplateFunction, args: readonly unknown[], source = head.source): unknown {
    const [least, most] = (head.kind === 'function' && ARITY[head.name]) || [0, Number.POSITIVE_INFINITY];
    if (args.length < least || args.length > most) {
      const want = least === most ? `${least}` : `at least ${least}`;
      const message = `wrong number of args for ${head.source}: want ${want} got ${args.length}`;
      throw this.#error(head.at, head.source, message);
    }
    try {
      return target(...args);
    } catch (error) {
      if (error instanceof ExecutionError) throw error;
      throw this.#error(head.at, source, `error calling ${nameOf(head)}: ${messageOf(error)}`);
    }
  }

  /** An operand's value; a method without arguments is called. */
  #value(operand: Operand, dot: unknown): unknown {
    const value = operand.kind === 'function' ? this.#functions[operand.name] : this.#operand(operand, dot);
    return typeof value === 'function' ? this.#call(operand, value as TemplateFunction, []) : value;
  }

  #operand(operand: Operand, dot: unknown): unknown {
    switch (operand.kind) {
      case 'literal':
        return operand.value;
      case 'dot':
        return dot;
      case 'fields':
        return this.#members(operand, dot, operand.names);
      case 'variable':
        return this.#members(operand, this.#variable(operand, operand.name), operand.names);
      case 'pipe':
        return this.#members(operand, this.#pipe(operand.pipe, dot), operand.names);
      default:
        return undefined;
    }
  }

  #variable(operand: Operand, name: string): unknown {
    const scope = this.#scopes.findLast((one) => one.has(name));
    if (!scope) throw this.#error(operand.at, name, `undefined variable: ${name}`);
    return scope.get(name);
  }

  #members(operand: Operand, from: unknown, names: readonly string[]): unknown {
    let value = from;
    for (const name of names) value = this.#member(operand, value, name);
    return value;
  }

  #member(operand: Operand, value: unknown, name: string): unknown {
    if (value instanceof NilPointer) {
      throw this.#error(operand.at, operand.source, `nil pointer evaluating *${value.type.name}.${name}`);
    }
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Float)) {
      if (Object.hasOwn(value, name)) return Reflect.get(value, name);
      if (typedOf(value)?.type.kind === 'map') return null;
      if (this.#options.optional?.has(name)) return null;
      const { typeName } = this.#options;
      const message =
        typeName && value === this.#root
          ? `can't evaluate field ${name} in type ${typeName}`
          : `map has no entry for key "${name}"`;
      throw this.#error(operand.at, operand.source, message);
    }
    if (value === null || value === undefined) {
      throw this.#error(operand.at, operand.source, `nil pointer evaluating interface {}.${name}`);
    }
    throw this.#error(operand.at, operand.source, `can't evaluate field ${name} in type ${goType(value)}`);
  }

  #error(at: number, expression: string, message: string): ExecutionError {
    return new ExecutionError(this.#template.source, at, expression, message);
  }
}

function sourceOf(pipe: Pipe): string {
  return pipe.stages[0]?.operands[0]?.source ?? '';
}

/** As Go shows a call in a message. */
const sourceOfStage = ({ operands }: Stage) => operands.map(({ source }) => source).join(' ');

/** A method is called by its own name. */
const nameOf = ({ source }: Operand) => source.slice(source.lastIndexOf('.') + 1);

import { invalidParameter } from '../errors.ts';
import { Program, type Step, search } from './program.ts';
import { parseRegex, type RegexNode } from './regex-syntax.ts';

/** Maximum steps of a program; only nested repetitions produce more. */
const MAX_STEPS = 5000;

/** A regular expression in Go's syntax (RE2), searched for in O(expression × text) time. */
export class Regex {
  readonly #program: Program;

  /** @throws BargeError invalid-parameter for an expression that Go rejects or that is too large. */
  constructor(source: string) {
    const steps: Step[] = [];
    compile(parseRegex(source), steps, source);
    steps.push({ kind: 'end' });
    this.#program = new Program(steps);
  }

  /** Whether the expression is found anywhere in the text. */
  test(text: string): boolean {
    return search(this.#program, text, { end: 'first' }) !== undefined;
  }
}

function compile(node: RegexNode, steps: Step[], source: string): void {
  if (steps.length > MAX_STEPS) {
    throw invalidParameter(`error parsing regexp: expression too large: \`${source.slice(0, 100)}\``);
  }
  switch (node.kind) {
    case 'one':
      steps.push({ kind: 'one', accepts: node.accepts });
      break;
    case 'check':
      steps.push({ kind: 'check', holds: node.holds });
      break;
    case 'sequence':
      for (const part of node.parts) compile(part, steps, source);
      break;
    case 'choice':
      compileChoice(node.parts, steps, source);
      break;
    case 'repeat':
      compileRepeat(node, steps, source);
  }
}

/** Each alternative, followed by a jump to the end of the choice. */
function compileChoice(parts: readonly RegexNode[], steps: Step[], source: string): void {
  const starts: number[] = [];
  const ends: number[] = [];
  const head = reserve(steps);
  for (const part of parts) {
    starts.push(steps.length);
    compile(part, steps, source);
    ends.push(reserve(steps));
  }
  steps[head] = { kind: 'fork', to: starts };
  for (const end of ends) steps[end] = { kind: 'fork', to: [steps.length] };
}

function compileRepeat(
  { part, least, most }: Extract<RegexNode, { kind: 'repeat' }>,
  steps: Step[],
  source: string,
): void {
  for (let count = 0; count < least; count++) compile(part, steps, source);
  if (most === Number.POSITIVE_INFINITY) {
    const head = reserve(steps);
    compile(part, steps, source);
    steps.push({ kind: 'fork', to: [head] });
    steps[head] = { kind: 'fork', to: [head + 1, steps.length] };
    return;
  }
  const skips: number[] = [];
  for (let count = least; count < most; count++) {
    skips.push(reserve(steps));
    compile(part, steps, source);
  }
  for (const skip of skips) steps[skip] = { kind: 'fork', to: [skip + 1, steps.length] };
}

/** Reserves a step that is filled in later. */
const reserve = (steps: Step[]) => steps.push({ kind: 'fork', to: [] }) - 1;

/**
 * Patterns as small programs, run in all of their states at once: for any pattern, a run takes at most
 * (steps × characters) time, and memory proportional to the steps. There is no backtracking.
 */
export type Step =
  /** Consumes one character and continues with the next step. */
  | { readonly kind: 'one'; readonly accepts: Accepts }
  /** Continues with each of these steps, without consuming a character. */
  | { readonly kind: 'fork'; readonly to: readonly number[] }
  /** Continues with the next step if the characters on both sides of the position allow it. */
  | { readonly kind: 'check'; readonly holds: (before: number, after: number) => boolean }
  | { readonly kind: 'end' };

/** Whether a character is accepted, given as its code point. */
export type Accepts = (code: number) => boolean;

/** A pseudo code point for the subject's beginning or end. */
const EDGE = -1;

interface SearchOptions {
  /** Where the search begins, in UTF-16 code units. */
  readonly from?: number;
  /** A match may only start at `from`. */
  readonly anchored?: boolean;
  /** `last`: the longest leftmost match. `first`: the match that ends first, wherever it starts. */
  readonly end: 'first' | 'last';
}

/** A half-open range of UTF-16 code units. */
interface Found {
  readonly start: number;
  readonly end: number;
}

const [ONE, FORK, CHECK, END] = [0, 1, 2, 3];
const KINDS = { one: ONE, fork: FORK, check: CHECK, end: END } as const;
const never: Accepts = () => false;

/** Steps in a form that runs fast. */
export class Program {
  readonly size: number;
  readonly kinds: Uint8Array;
  readonly accepts: readonly Accepts[];
  readonly holds: readonly ((before: number, after: number) => boolean)[];
  /** The targets of fork N are those from `forks[N]` to just before `forks[N + 1]`. */
  readonly forks: Int32Array;
  readonly targets: Int32Array;

  constructor(steps: readonly Step[]) {
    this.size = steps.length;
    this.kinds = Uint8Array.from(steps, ({ kind }) => KINDS[kind]);
    this.accepts = steps.map((step) => (step.kind === 'one' ? step.accepts : never));
    this.holds = steps.map((step) => (step.kind === 'check' ? step.holds : never));
    this.forks = new Int32Array(steps.length + 1);
    const targets: number[] = [];
    for (const [at, step] of steps.entries()) {
      if (step.kind === 'fork') for (const to of step.to) targets.push(to);
      this.forks[at + 1] = targets.length;
    }
    this.targets = Int32Array.from(targets);
  }
}

/** The position of a match. */
export function search(
  program: Program,
  subject: string,
  { from = 0, anchored = false, end }: SearchOptions,
): Found | undefined {
  let now = new States(program);
  let next = new States(program);
  let best: Found | undefined;
  let before = from === 0 ? EDGE : subject.charCodeAt(from - 1);
  let code = subject.codePointAt(from) ?? EDGE;
  for (let at = from; ; ) {
    if (!best && (at === from || !anchored)) now.enter(0, at, before, code);
    if (now.finished !== EDGE && (!best || now.finished <= best.start)) {
      best = { start: now.finished, end: at };
      if (end === 'first') return best;
    }
    if (code === EDGE || (now.count === 0 && (best || anchored))) return best;
    at += code > 0xffff ? 2 : 1;
    const following = subject.codePointAt(at) ?? EDGE;
    now.advance(code, following, next, best?.start ?? at);
    [now, next] = [next, now];
    next.clear();
    [before, code] = [code, following];
  }
}

/** The states that are alive at one position, ordered by the start of their match. */
class States {
  readonly #program: Program;
  /** Steps that consume a character, and the start of the match that each belongs to. */
  readonly #alive: Int32Array;
  readonly #starts: Int32Array;
  /** The round in which a step was last entered: starting the next round clears the set. */
  readonly #seen: Int32Array;
  readonly #stack: number[] = [];
  #round = 1;
  count = 0;
  /** The earliest start of a match that ends here, or EDGE. */
  finished = EDGE;

  constructor(program: Program) {
    this.#program = program;
    this.#alive = new Int32Array(program.size);
    this.#starts = new Int32Array(program.size);
    this.#seen = new Int32Array(program.size);
  }

  /** Adds a step and all steps that it reaches without consuming a character. */
  enter(step: number, start: number, before: number, after: number): void {
    const { kinds, forks, targets, holds } = this.#program;
    const stack = this.#stack;
    for (let at: number | undefined = step; at !== undefined; at = stack.pop()) {
      if (this.#seen[at] === this.#round) continue;
      this.#seen[at] = this.#round;
      const kind = kinds[at];
      if (kind === ONE) {
        this.#alive[this.count] = at;
        this.#starts[this.count++] = start;
      } else if (kind === FORK) {
        for (let to = forks[at] ?? 0; to < (forks[at + 1] ?? 0); to++) stack.push(targets[to] ?? 0);
      } else if (kind === CHECK) {
        if (holds[at]?.(before, after)) stack.push(at + 1);
      } else if (this.finished === EDGE) this.finished = start;
    }
  }

  /** Consumes a character. Matches that started after `latest` are abandoned. */
  advance(code: number, following: number, next: States, latest: number): void {
    const { accepts } = this.#program;
    for (let place = 0; place < this.count; place++) {
      const start = this.#starts[place] ?? 0;
      if (start > latest) return;
      const at = this.#alive[place] ?? 0;
      if (accepts[at]?.(code)) next.enter(at + 1, start, code, following);
    }
  }

  clear(): void {
    this.#round++;
    this.count = 0;
    this.finished = EDGE;
  }
}

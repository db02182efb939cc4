/**
 * Patterns as small programs, run on all of their states at once: whatever the pattern, a run takes at most
 * (steps × characters) time and memory for the steps. Nothing here ever backtracks.
 */
export type Step =
  /** Takes one character and goes on with the next step. */
  | { readonly kind: 'one'; readonly accepts: Accepts }
  /** Goes on with each of these steps, without taking a character. */
  | { readonly kind: 'fork'; readonly to: readonly number[] }
  /** Goes on with the next step if the characters on both sides of the position allow it. */
  | { readonly kind: 'check'; readonly holds: (before: number, after: number) => boolean }
  | { readonly kind: 'end' };

/** Whether a character is accepted, given as its code point. */
export type Accepts = (code: number) => boolean;

/** The code point that stands for the subject's beginning or end. */
export const EDGE = -1;

export interface SearchOptions {
  /** Where the search begins, in UTF-16 code units. */
  readonly from?: number;
  /** A match may only start at `from`. */
  readonly anchored?: boolean;
  /** `last`: the leftmost match, as long as it can be. `first`: the match that ends first, wherever it starts. */
  readonly end: 'first' | 'last';
}

/** A half-open range of UTF-16 code units. */
export interface Found {
  readonly start: number;
  readonly end: number;
}

const [ONE, FORK, CHECK, END] = [0, 1, 2, 3];
const KINDS = { one: ONE, fork: FORK, check: CHECK, end: END } as const;
const never: Accepts = () => false;

/** Steps in the form in which they run quickly. */
export class Program {
  readonly size: number;
  readonly kinds: Uint8Array;
  readonly accepts: readonly Accepts[];
  readonly holds: readonly ((before: number, after: number) => boolean)[];
  /** The targets of fork N are those from `forks[N]` up to `forks[N + 1]`. */
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

/** The place of a match. */
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

/** The states that are alive at one position, those of earlier starts first. */
class States {
  readonly #program: Program;
  /** Steps that take a character, and where the match that they belong to started. */
  readonly #alive: Int32Array;
  readonly #starts: Int32Array;
  /** The round in which a step was entered last: clearing is going on to the next round. */
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

  /** Adds a step and all that it reaches without a character. */
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

  /** Takes a character. Matches that started after `latest` are given up. */
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

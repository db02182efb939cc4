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

/** The place of a match. */
export function search(
  steps: readonly Step[],
  subject: string,
  { from = 0, anchored = false, end }: SearchOptions,
): Found | undefined {
  let now = new States(steps);
  let next = new States(steps);
  let best: Found | undefined;
  let before = from === 0 ? EDGE : subject.charCodeAt(from - 1);
  for (let at = from; ; ) {
    const code = subject.codePointAt(at) ?? EDGE;
    if (!best && (at === from || !anchored)) now.enter(0, at, before, code);
    if (now.finished !== undefined && (!best || now.finished <= best.start)) {
      best = { start: now.finished, end: at };
      if (end === 'first') return best;
    }
    if (code === EDGE || (now.isEmpty && (best || anchored))) return best;
    const after = at + (code > 0xffff ? 2 : 1);
    const following = subject.codePointAt(after) ?? EDGE;
    now.advance(code, next, { following, latest: best?.start ?? at });
    [now, next] = [next, now];
    next.clear();
    before = code;
    at = after;
  }
}

/** The states that are alive at one position, those of earlier starts first. */
class States {
  readonly #steps: readonly Step[];
  /** Steps that take a character, and where the match that they belong to started. */
  readonly #alive: number[] = [];
  readonly #starts: number[] = [];
  readonly #seen: Uint8Array;
  readonly #visited: number[] = [];
  readonly #stack: number[] = [];
  /** The earliest start of a match that ends here. */
  finished: number | undefined;

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
    this.#seen = new Uint8Array(steps.length);
  }

  get isEmpty(): boolean {
    return this.#alive.length === 0;
  }

  /** Adds a step and all that it reaches without a character. */
  enter(step: number, start: number, before: number, after: number): void {
    this.#stack.push(step);
    for (let at = this.#stack.pop(); at !== undefined; at = this.#stack.pop()) {
      if (this.#seen[at] === 1) continue;
      this.#seen[at] = 1;
      this.#visited.push(at);
      const found = this.#steps[at];
      if (found?.kind === 'fork') this.#stack.push(...found.to);
      else if (found?.kind === 'check') {
        if (found.holds(before, after)) this.#stack.push(at + 1);
      } else if (found?.kind === 'one') {
        this.#alive.push(at);
        this.#starts.push(start);
      } else this.finished ??= start;
    }
  }

  /** Takes a character. Matches that started after `latest` are given up. */
  advance(code: number, next: States, { following, latest }: { following: number; latest: number }): void {
    for (const [place, at] of this.#alive.entries()) {
      const start = this.#starts[place] ?? 0;
      if (start > latest) return;
      const step = this.#steps[at];
      if (step?.kind === 'one' && step.accepts(code)) next.enter(at + 1, start, code, following);
    }
  }

  clear(): void {
    this.#alive.length = 0;
    this.#starts.length = 0;
    for (const at of this.#visited) this.#seen[at] = 0;
    this.#visited.length = 0;
    this.finished = undefined;
  }
}

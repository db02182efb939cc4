/** The maximum number of buffered characters of a step while an earlier one is still running. */
const MAX_HELD = 4 * 1024 * 1024;

/**
 * Orders the texts of numbered steps by number: the texts of the lowest open step are released at once, those of later
 * steps wait for it. Steps are numbered from 1.
 */
export class StepQueue {
  readonly #emit: (text: string) => void;
  readonly #held = new Map<number, { texts: string[]; size: number; closed: boolean }>();
  #current = 1;

  constructor(emit: (text: string) => void) {
    this.#emit = emit;
  }

  add(step: number, text: string): void {
    if (text === '') return;
    if (step <= this.#current) {
      this.#emit(text);
      return;
    }
    const held = this.#of(step);
    if (held.size > MAX_HELD) return;
    held.texts.push(text);
    held.size += text.length;
    if (held.size > MAX_HELD) held.texts.push('\n[output clipped: too much before its turn]\n');
  }

  /** Marks a step as complete. */
  close(step: number): void {
    this.#of(step).closed = true;
    while (this.#held.get(this.#current)?.closed) {
      this.#held.delete(this.#current);
      this.#current++;
      this.#release(this.#current);
    }
  }

  /** Releases everything that is still waiting. */
  flush(): void {
    for (const step of [...this.#held.keys()].sort((a, b) => a - b)) this.#release(step);
  }

  #of(step: number) {
    const held = this.#held.get(step) ?? { texts: [], size: 0, closed: false };
    this.#held.set(step, held);
    return held;
  }

  #release(step: number): void {
    const held = this.#held.get(step);
    if (!held) return;
    for (const text of held.texts.splice(0)) this.#emit(text);
  }
}

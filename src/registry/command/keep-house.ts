import type { Logger } from 'pino';
import { messageOf } from '../../core/errors.ts';

/** A periodic task of a serving registry. */
export interface Chore {
  readonly name: string;
  /** Milliseconds between two starts; 0: only on request. */
  readonly interval: number;
  /** Whether it also runs at the start of the registry. */
  readonly atStart?: boolean;
  run(signal: AbortSignal): Promise<void>;
}

/** Node's maximum timer delay. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Runs chores, each one at a time, until it is disposed. A failure is logged, and the chore runs again at its next time. */
export class HouseKeeping implements AsyncDisposable {
  readonly #log: Logger;
  readonly #end = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #running = new Map<Chore, Promise<void>>();

  constructor(chores: readonly Chore[], log: Logger) {
    this.#log = log;
    for (const chore of chores) {
      if (chore.atStart) this.begin(chore);
      if (chore.interval > 0) {
        this.#timers.push(setInterval(() => this.begin(chore), Math.min(chore.interval, LONGEST_TIMER)));
      }
    }
  }

  /** Does nothing while the chore is already running. */
  begin(chore: Chore): void {
    if (this.#running.has(chore)) return;
    this.#running.set(
      chore,
      this.#do(chore).finally(() => this.#running.delete(chore)),
    );
  }

  async #do(chore: Chore): Promise<void> {
    try {
      await chore.run(this.#end.signal);
    } catch (error) {
      if (this.#end.signal.aborted) return;
      this.#log.error({ err: error }, `${chore.name} failed: ${messageOf(error)}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#end.abort();
    await Promise.all(this.#running.values());
  }
}

import type { Logger } from 'pino';
import { messageOf } from '../../core/errors.ts';

/** Something that a registry does now and then while it serves. */
export interface Chore {
  readonly name: string;
  /** Milliseconds between two beginnings; 0: only when told. */
  readonly interval: number;
  /** Also when the registry starts. */
  readonly atStart?: boolean;
  run(signal: AbortSignal): Promise<void>;
}

/** Node takes no longer ones. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Does chores, each one at a time, until it is disposed of. What fails is told to the log and tried the next time. */
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

  /** Unless it is being done already. */
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

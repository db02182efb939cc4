import type { Locks } from './locks.ts';

/** Runs actions on the same key one after another, in the order they came; other keys run beside them. One process only. */
export class KeyedLock implements Locks {
  readonly #tails = new Map<string, Promise<unknown>>();

  async run<T>(key: string, action: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const mine = before.then(action, action);
    this.#tails.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#tails.get(key) === mine) this.#tails.delete(key);
    }
  }

  async attempt<T>(key: string, action: () => Promise<T>): Promise<T | undefined> {
    return this.#tails.has(key) ? undefined : await this.run(key, action);
  }
}

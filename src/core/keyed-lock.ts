/** Lets one task at a time work on a key, in the order in which they came; other keys go on beside it. One process only. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Waits for the tasks before it. A task must not ask for its own key. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const result = before ? before.then(task, task) : task();
    const settled = result.catch(() => {});
    this.#tails.set(key, settled);
    try {
      return await result;
    } finally {
      if (this.#tails.get(key) === settled) this.#tails.delete(key);
    }
  }

  /** Runs the task unless another one works on the key. @returns undefined when one does. */
  async attempt<T>(key: string, task: () => Promise<T>): Promise<T | undefined> {
    return this.#tails.has(key) ? undefined : await this.run(key, task);
  }
}

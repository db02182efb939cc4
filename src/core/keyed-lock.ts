/** Runs one task at a time per key, in order of arrival; different keys run in parallel. Works within one process only. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Waits for earlier tasks. A task must not lock its own key again. */
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

  /** Runs the task unless the key is locked. @returns undefined when it is locked. */
  async attempt<T>(key: string, task: () => Promise<T>): Promise<T | undefined> {
    return this.#tails.has(key) ? undefined : await this.run(key, task);
  }
}

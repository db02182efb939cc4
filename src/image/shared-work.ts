import { cancelled } from '../core/errors.ts';
import type { OnProgress } from './progress.ts';

/** A party that waits for shared work. */
export interface Asker {
  /** Fires when it no longer needs the result. */
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

interface Entry<V> {
  readonly result: Promise<V>;
  readonly askers: Set<Asker>;
  readonly stop: AbortController;
}

/** Work that concurrent callers share, and that is cancelled when the last of them has left. */
export class SharedWork<K, V> {
  readonly #entries = new Map<K, Entry<V>>();

  /**
   * Joins the work in progress for `key`, or starts it. All callers see its progress and share its failure.
   * @throws BargeError cancelled when the caller's own signal fires.
   */
  async join(key: K, asker: Asker, start: (shared: Asker) => Promise<V>): Promise<V> {
    for (;;) {
      asker.signal.throwIfAborted();
      const known = this.#entries.get(key);
      if (!known?.stop.signal.aborted) return await this.#wait(known ?? this.#begin(key, start), asker);
      await known.result.catch(() => {});
    }
  }

  #begin(key: K, start: (shared: Asker) => Promise<V>): Entry<V> {
    const askers = new Set<Asker>();
    const stop = new AbortController();
    const onProgress: OnProgress = (message) => {
      for (const asker of askers) asker.onProgress(message);
    };
    const result = start({ signal: stop.signal, onProgress }).finally(() => this.#entries.delete(key));
    const entry = { result, askers, stop };
    this.#entries.set(key, entry);
    return entry;
  }

  async #wait({ result, askers, stop }: Entry<V>, asker: Asker): Promise<V> {
    askers.add(asker);
    const gone = Promise.withResolvers<never>();
    gone.promise.catch(() => {});
    const leave = () => gone.reject(cancelled('context canceled', { cause: asker.signal.reason }));
    asker.signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([result, gone.promise]);
    } catch (error) {
      askers.delete(asker);
      if (askers.size === 0) {
        stop.abort(error);
        await result.catch(() => {});
      }
      throw error;
    } finally {
      askers.delete(asker);
      asker.signal.removeEventListener('abort', leave);
    }
  }
}

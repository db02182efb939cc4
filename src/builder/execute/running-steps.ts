import { isKind } from '../../core/errors.ts';
import type { CacheRecord } from '../cache.ts';

interface Running {
  readonly record: Promise<CacheRecord>;
  readonly signal: AbortSignal;
}

/** Running steps, by key, so that concurrent builds do the same work only once. */
export class RunningSteps {
  readonly #running = new Map<string, Running>();

  /** See `BuildCache.once`. */
  async once(
    key: string,
    make: () => Promise<CacheRecord>,
    signal: AbortSignal,
  ): Promise<{ readonly record: CacheRecord; readonly shared: boolean }> {
    for (let other = this.#running.get(key); other; other = this.#running.get(key)) {
      const record = await this.#of(other, signal);
      if (record) return { record, shared: true };
      if (this.#running.get(key) === other) this.#running.delete(key);
    }
    const mine: Running = { record: make(), signal };
    this.#running.set(key, mine);
    try {
      return { record: await mine.record, shared: false };
    } finally {
      if (this.#running.get(key) === mine) this.#running.delete(key);
    }
  }

  /** The result of another build's step; undefined when that one was cancelled. */
  async #of(other: Running, signal: AbortSignal): Promise<CacheRecord | undefined> {
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    aborted.promise.catch(() => undefined);
    try {
      signal.throwIfAborted();
      return await Promise.race([other.record, aborted.promise]);
    } catch (error) {
      if (!signal.aborted && (other.signal.aborted || isKind(error, 'cancelled'))) return undefined;
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}

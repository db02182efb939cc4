import { setTimeout as sleep } from 'node:timers/promises';
import { cancelled } from '../../core/errors.ts';
import { TransientFailure } from './failure.ts';

const USUAL_TRIES = 5;
const USUAL_DELAY = 250;
const MAX_DELAY = 10_000;

interface RetryOptions {
  /** Milliseconds before the first retry. */
  readonly retryDelay?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Maximum attempts. */
  readonly maxTries?: number | undefined;
}

/** Counts failures and waits longer after each. */
export class Retries {
  readonly #options: RetryOptions;
  #failures = 0;

  constructor(options: RetryOptions) {
    this.#options = options;
  }

  /** Returns after a pause when a retry makes sense. @throws `error` itself when it does not; BargeError cancelled. */
  async pauseAfter(error: unknown): Promise<void> {
    this.#failures++;
    if (!(error instanceof TransientFailure) || this.#failures >= (this.#options.maxTries ?? USUAL_TRIES))
      throw error;
    const { retryDelay = USUAL_DELAY, signal } = this.#options;
    const growing = Math.min(MAX_DELAY, retryDelay * 2 ** (this.#failures - 1));
    const jitter = growing * (0.75 + Math.random() / 2);
    try {
      await sleep(error.retryAfter ?? jitter, undefined, signal ? { signal } : {});
    } catch (cause) {
      throw cancelled('context canceled', { cause });
    }
  }

  /** Resets the count of failures after progress. */
  reset(): void {
    this.#failures = 0;
  }
}

/** Retries an idempotent action while it fails with a TransientFailure. */
export async function withRetries<T>(options: RetryOptions, action: () => Promise<T>): Promise<T> {
  const retries = new Retries(options);
  for (;;) {
    try {
      return await action();
    } catch (error) {
      await retries.pauseAfter(error);
    }
  }
}

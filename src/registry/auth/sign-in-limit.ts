import type { Counters } from '../database/counters.ts';
import { tooMany } from '../registry-error.ts';

/** Maximum wrong passwords from an address within a window. */
const MAX_FAILURES = 20;
/** Milliseconds. */
const WINDOW = 60_000;

/** Limits how many passwords an address can try. */
export class SignInLimit {
  readonly #counters: Counters;

  /** @param counters shared by all servers. */
  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** @throws RegistryError TOOMANYREQUESTS. */
  async assertPatience(address: string): Promise<void> {
    const { count, until } = await this.#counters.add(keyOf(address), WINDOW, 0);
    if (count < MAX_FAILURES) return;
    throw tooMany('too many wrong passwords from this address; wait a minute', until);
  }

  async failed(address: string): Promise<void> {
    await this.#counters.add(keyOf(address), WINDOW);
  }
}

const keyOf = (address: string) => `sign-in failed ${address}`;

import type { Response } from '../http/response.ts';
import type { Counters } from './database/counters.ts';
import { tooMany } from './registry-error.ts';

/** Limits the requests of a user, or of an anonymous address, within a time window. */
export class RateLimit {
  readonly #counters: Counters;
  readonly #count: number;
  readonly #window: number;

  /** @param window milliseconds. @param counters shared by all servers. */
  constructor(counters: Counters, { count, window }: { readonly count: number; readonly window: number }) {
    this.#counters = counters;
    this.#count = count;
    this.#window = window;
  }

  /**
   * Counts a request and reports the remaining number in the response.
   * @throws RegistryError TOOMANYREQUESTS.
   */
  async assertRoom(
    who: { readonly user: string | undefined; readonly address: string },
    response: Pick<Response, 'header'>,
  ) {
    const key =
      who.user === undefined ? `requests of address ${who.address}` : `requests of user ${who.user}`;
    const { count, until } = await this.#counters.add(key, this.#window);
    const seconds = Math.round(this.#window / 1000);
    response.header('RateLimit-Limit', `${this.#count};w=${seconds}`);
    response.header('RateLimit-Remaining', `${Math.max(0, this.#count - count)};w=${seconds}`);
    if (count > this.#count) {
      throw tooMany(
        `more than ${this.#count} requests in ${seconds} s; wait for the end of this period`,
        until,
      );
    }
  }
}

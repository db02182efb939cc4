import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { unavailable } from '../../core/errors.ts';
import { KeyedLock } from '../../core/keyed-lock.ts';
import type { Locks } from '../storage/locks.ts';
import { postgresOptions } from './postgres.ts';

/** Milliseconds between attempts to acquire a lock that another server holds. */
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 250;

/**
 * Locks across servers: advisory locks of one PostgreSQL session, which the database releases when a server dies or
 * its connection breaks. Within this process, waiters acquire a key in order; a key of another server is polled.
 */
export class PostgresLocks implements Locks, AsyncDisposable {
  readonly #url: string;
  readonly #onLost: (error: Error) => void;
  readonly #local = new KeyedLock();
  #session: Promise<pg.Client> | undefined;
  #asked: Promise<unknown> = Promise.resolve();

  constructor(url: string, onLost: (error: Error) => void) {
    this.#url = url;
    this.#onLost = onLost;
  }

  run<T>(key: string, action: () => Promise<T>): Promise<T> {
    return this.#local.run(key, async () => {
      for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
        const session = await this.#try(key);
        if (session) return await this.#holding(session, key, action);
        await sleep(pause);
      }
    });
  }

  attempt<T>(key: string, action: () => Promise<T>): Promise<T | undefined> {
    return this.#local.attempt(key, async () => {
      const session = await this.#try(key);
      return session && (await this.#holding(session, key, action));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const session = await this.#session?.catch(() => undefined);
    this.#session = undefined;
    await session?.end();
  }

  /** @returns the session that now holds the lock. */
  async #try(key: string): Promise<pg.Client | undefined> {
    const session = await this.#connected();
    const mine = await this.#ask(session, 'SELECT pg_try_advisory_lock($1) AS mine', key);
    return mine ? session : undefined;
  }

  async #holding<T>(session: pg.Client, key: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } finally {
      /* A broken session no longer holds any locks. */
      await this.#ask(session, 'SELECT pg_advisory_unlock($1) AS mine', key).catch(() => {});
    }
  }

  /** The session executes one query at a time. */
  #ask(session: pg.Client, sql: string, key: string): Promise<boolean> {
    const response = this.#asked.then(async () => {
      try {
        const { rows } = await session.query<{ mine: boolean }>(sql, [numberOf(key)]);
        return rows[0]?.mine ?? false;
      } catch (error) {
        throw unavailable('the database for the locks did not respond', { cause: error });
      }
    });
    this.#asked = response.catch(() => {});
    return response;
  }

  #connected(): Promise<pg.Client> {
    this.#session ??= this.#connect();
    return this.#session;
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client(postgresOptions(this.#url));
    client.on('error', (error) => {
      this.#session = undefined;
      this.#onLost(error);
    });
    try {
      await client.connect();
      return client;
    } catch (error) {
      this.#session = undefined;
      throw unavailable('the database for the locks cannot be reached', { cause: error });
    }
  }
}

/** A signed 64-bit number, as text. */
const numberOf = (key: string): string =>
  createHash('sha256').update(key).digest().readBigInt64BE(0).toString();

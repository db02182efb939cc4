import { createHmac, randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Digest } from '../core/digest.ts';
import type { SqlDatabase } from './database/sql.ts';
import type { Locks } from './storage/locks.ts';

/** A change of a repository's content. */
export interface ContentChange {
  readonly action: 'push' | 'delete';
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
  readonly mediaType?: string;
  /** Bytes. */
  readonly size?: number;
  readonly user: string | null;
  readonly address: string | null;
}

/** The format of Docker's registry, which receivers expect. */
const CONTENT_TYPE = 'application/vnd.docker.distribution.events.v1+json';
const TIMEOUT_MS = 10_000;
/** Delays between attempts; after the last one the change is dropped. */
const PAUSES_MS = [500, 2000, 10_000, 60_000];
/** Maximum queued changes of one receiver; older ones are dropped. */
const MAX_WAITING = 1000;
/** Interval of checks for changes that other servers, or this one before it was killed, have queued. */
const LOOK_EVERY_MS = 5000;

interface Waiting {
  readonly id: number;
  readonly body: string;
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly next_at: number;
}

interface Options {
  readonly urls: readonly string[];
  /** Signs the bodies (HMAC-SHA256, header `X-Barge-Signature`). */
  readonly secret?: string | undefined;
  readonly log: Logger;
  /** Stores queued changes, which are delivered after a restart, and by any server. */
  readonly db: SqlDatabase;
  /** Ensures that only one server at a time sends to a receiver. */
  readonly locks: Locks;
}

/** Notifies receivers of changes, in order, with retries for about a minute. */
export class Webhooks {
  readonly #options: Options;
  readonly #end = new AbortController();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #busy = new Map<string, Promise<void>>();

  constructor(options: Options) {
    this.#options = options;
    for (const url of options.urls) this.#workIn(url, 0);
  }

  /** Resolves when the change has been queued. */
  async send(change: ContentChange): Promise<void> {
    const body = JSON.stringify({ events: [eventOf(change)] });
    for (const url of this.#options.urls) {
      const sql = 'INSERT INTO webhook_queue (url, body, next_at) VALUES (?, ?, ?)';
      await this.#options.db.run(sql, url, body, Date.now());
      this.#workIn(url, 0);
    }
  }

  /** Ends attempts in progress; queued changes are delivered after the next start. */
  async close(): Promise<void> {
    this.#end.abort();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await Promise.all(this.#busy.values());
  }

  #workIn(url: string, milliseconds: number): void {
    if (this.#end.signal.aborted) return;
    clearTimeout(this.#timers.get(url));
    this.#timers.set(url, setTimeout(() => this.#begin(url), milliseconds).unref());
  }

  #begin(url: string): void {
    if (this.#busy.has(url)) {
      this.#workIn(url, PAUSES_MS[0] ?? 0);
      return;
    }
    const work = this.#work(url).finally(() => this.#busy.delete(url));
    this.#busy.set(url, work);
  }

  async #work(url: string): Promise<void> {
    try {
      const pause = await this.#options.locks.attempt(`webhook ${url}`, () => this.#drain(url));
      this.#workIn(url, pause ?? LOOK_EVERY_MS);
    } catch (error) {
      if (this.#end.signal.aborted) return;
      this.#options.log.error({ err: error, url }, 'a webhook failed');
      this.#workIn(url, LOOK_EVERY_MS);
    }
  }

  /** Delivers all queued changes. @returns milliseconds after which to check again. */
  async #drain(url: string): Promise<number> {
    await this.#dropOldest(url);
    const next = () =>
      this.#options.db.get<Waiting>(
        'SELECT id, body, attempts, next_at FROM webhook_queue WHERE url = ? ORDER BY id LIMIT 1',
        url,
      );
    for (let waiting = await next(); waiting; waiting = await next()) {
      const early = waiting.next_at - Date.now();
      if (early > 0) return Math.min(early, LOOK_EVERY_MS);
      await this.#tell(url, waiting);
    }
    return LOOK_EVERY_MS;
  }

  async #dropOldest(url: string): Promise<void> {
    const sql =
      'DELETE FROM webhook_queue WHERE url = ? AND id <= (SELECT id FROM webhook_queue WHERE url = ? ORDER BY id DESC LIMIT 1 OFFSET ?)';
    const dropped = await this.#options.db.run(sql, url, url, MAX_WAITING);
    if (dropped > 0) this.#options.log.warn({ url, dropped }, 'a webhook is too slow; changes were dropped');
  }

  async #tell(url: string, { id, body, attempts }: Waiting): Promise<void> {
    const { db, log } = this.#options;
    const problem = await this.#attempt(url, body);
    const pause = PAUSES_MS[attempts];
    if (problem !== undefined && pause !== undefined) {
      const sql = 'UPDATE webhook_queue SET attempts = attempts + 1, next_at = ? WHERE id = ?';
      await db.run(sql, Date.now() + pause, id);
      return;
    }
    if (problem !== undefined)
      log.error({ url, problem }, 'a webhook did not accept a change, which was dropped');
    await db.run('DELETE FROM webhook_queue WHERE id = ?', id);
  }

  /** @returns the error message. */
  async #attempt(url: string, body: string): Promise<string | undefined> {
    const { secret } = this.#options;
    const signature = secret && createHmac('sha256', secret).update(body).digest('hex');
    try {
      const response = await fetch(url, {
        method: 'POST',
        body,
        headers: {
          'Content-Type': CONTENT_TYPE,
          ...(signature ? { 'X-Barge-Signature': `sha256=${signature}` } : {}),
        },
        redirect: 'error',
        signal: AbortSignal.any([this.#end.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await response.body?.cancel();
      return response.ok ? undefined : `status ${response.status}`;
    } catch (error) {
      this.#end.signal.throwIfAborted();
      return String(error);
    }
  }
}

function eventOf({ action, repository, user, address, ...target }: ContentChange) {
  return {
    id: randomUUID(),
    timestamp: new Date().toISOString(),
    action,
    target: { repository, ...target },
    actor: user ? { name: user } : {},
    request: { addr: address ?? '' },
  };
}

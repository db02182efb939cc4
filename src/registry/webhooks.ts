import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Digest } from '../core/digest.ts';

/** A change of what a repository holds. */
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

/** The format of Docker's registry, which receivers know. */
const CONTENT_TYPE = 'application/vnd.docker.distribution.events.v1+json';
const TIMEOUT_MS = 10_000;
const PAUSES_MS = [500, 2000, 10_000, 60_000];
/** Changes that wait for one receiver; older ones are dropped. */
const MAX_WAITING = 1000;

/**
 * Tells receivers of changes, each in order, as often as it takes within a minute or so. What waits is kept in
 * memory only.
 */
export class Webhooks {
  readonly #receivers: readonly { readonly url: string; readonly waiting: string[]; busy: boolean }[];
  readonly #secret: string | undefined;
  readonly #log: Logger;
  readonly #end = new AbortController();

  /** @param secret signs the bodies (HMAC-SHA256, header `X-Barge-Signature`). */
  constructor(urls: readonly string[], secret: string | undefined, log: Logger) {
    this.#receivers = urls.map((url) => ({ url, waiting: [], busy: false }));
    this.#secret = secret;
    this.#log = log;
  }

  send(change: ContentChange): void {
    const body = JSON.stringify({ events: [eventOf(change)] });
    for (const receiver of this.#receivers) {
      if (receiver.waiting.length >= MAX_WAITING) {
        receiver.waiting.shift();
        this.#log.warn({ url: receiver.url }, 'a webhook is too slow; its oldest change was dropped');
      }
      receiver.waiting.push(body);
      void this.#work(receiver);
    }
  }

  close(): void {
    this.#end.abort();
  }

  async #work(receiver: { readonly url: string; readonly waiting: string[]; busy: boolean }): Promise<void> {
    if (receiver.busy) return;
    receiver.busy = true;
    try {
      for (let body = receiver.waiting.shift(); body !== undefined; body = receiver.waiting.shift()) {
        await this.#deliver(receiver.url, body);
      }
    } catch (error) {
      if (!this.#end.signal.aborted) this.#log.error({ err: error, url: receiver.url }, 'a webhook failed');
    } finally {
      receiver.busy = false;
    }
  }

  async #deliver(url: string, body: string): Promise<void> {
    for (const pause of [...PAUSES_MS, undefined]) {
      const problem = await this.#attempt(url, body);
      if (problem === undefined) return;
      if (pause === undefined) {
        this.#log.error({ url, problem }, 'a webhook did not take a change; it was dropped');
        return;
      }
      await sleep(pause, undefined, { signal: this.#end.signal });
    }
  }

  /** @returns what went wrong. */
  async #attempt(url: string, body: string): Promise<string | undefined> {
    const signature = this.#secret && createHmac('sha256', this.#secret).update(body).digest('hex');
    try {
      const answer = await fetch(url, {
        method: 'POST',
        body,
        headers: {
          'Content-Type': CONTENT_TYPE,
          ...(signature ? { 'X-Barge-Signature': `sha256=${signature}` } : {}),
        },
        redirect: 'error',
        signal: AbortSignal.any([this.#end.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await answer.body?.cancel();
      return answer.ok ? undefined : `status ${answer.status}`;
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

import type { IncomingMessage } from 'node:http';
import type { Response } from './response.ts';

/** One request on its way through a route. Servers extend it with what their own routes need. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: Response;
  readonly query: URLSearchParams;
  /** Decoded parts of the path, by the names in the route's pattern. */
  readonly params: Readonly<Record<string, string | undefined>>;
  /** Fires when the connection has been closed by either side. */
  readonly signal: AbortSignal;
}

export type Handler<E = Exchange> = (exchange: E) => Promise<void> | void;

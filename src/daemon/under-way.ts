import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests that a server has begun and not ended, for the log of a daemon that fails. */
export class UnderWay {
  readonly #entries = new Set<{ readonly text: string }>();

  constructor(server: Pick<Server, 'on'>) {
    const follow = ({ method, url }: IncomingMessage, ending: ServerResponse | Socket) => {
      /* An object for each: two requests may be the same. */
      const request = { text: `${method} ${url}` };
      this.#entries.add(request);
      ending.once('close', () => this.#entries.delete(request));
    };
    server.on('request', follow);
    server.on('upgrade', follow);
  }

  list(): string[] {
    return [...this.#entries].map(({ text }) => text);
  }
}

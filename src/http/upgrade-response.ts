import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { invalidParameter } from '../core/errors.ts';
import type { Headers, Response } from './response.ts';

/** The response to a request with an Upgrade header, written to the bare connection. */
export class UpgradeResponse implements Response {
  readonly #connection: Duplex;
  readonly #headers: Record<string, string>;
  #status = 101;
  #started = false;

  /** @param headers sent with every response. */
  constructor(connection: Duplex, headers: Readonly<Record<string, string>> = {}) {
    this.#connection = connection;
    this.#headers = { ...headers };
  }

  get started(): boolean {
    return this.#started;
  }

  get status(): number {
    return this.#status;
  }

  get finished(): boolean {
    return this.#connection.writableFinished;
  }

  header(name: string, value: string): void {
    this.#headers[name] = value;
  }

  #head(status: number, reason: string, headers: Headers): string {
    this.#started = true;
    this.#status = status;
    const lines = Object.entries({ ...this.#headers, ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    return `HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n`;
  }

  #whole(status: number, body: string, headers: Headers): void {
    const all = { 'Content-Length': Buffer.byteLength(body), Connection: 'close', ...headers };
    this.#connection.end(`${this.#head(status, reasonOf(status), all)}${body}`);
  }

  json(status: number, body: unknown, headers: Headers = {}): void {
    const type = { 'Content-Type': 'application/json' };
    this.#whole(status, `${JSON.stringify(body)}\n`, { ...type, ...headers });
  }

  empty(status: number, headers: Headers = {}): void {
    this.#whole(status, '', headers);
  }

  text(status: number, body: string): void {
    this.#whole(status, body, { 'Content-Type': 'text/plain; charset=utf-8' });
  }

  stream(): ServerResponse {
    throw invalidParameter('this operation does not upgrade the connection: leave the Upgrade header out');
  }

  body(): ServerResponse {
    return this.stream();
  }

  hijack(contentType: string): Duplex {
    const headers = { 'Content-Type': contentType, Connection: 'Upgrade', Upgrade: 'tcp' };
    this.#connection.write(this.#head(101, 'UPGRADED', headers));
    return this.#connection;
  }

  connection(): Duplex {
    this.#started = true;
    return this.#connection;
  }

  cut(): void {
    this.#connection.destroy();
  }
}

const reasonOf = (status: number): string => STATUS_CODES[status] ?? 'Unknown';

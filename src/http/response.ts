import type { IncomingMessage, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import { invalidParameter } from '../core/errors.ts';
import { failsElsewhere } from '../core/streams.ts';
import { endResponse } from './end-response.ts';

export type Headers = Readonly<Record<string, string | number>>;

/** A route's means to respond: an ordinary response, or the connection itself. */
export interface Response {
  /** Sets a header for any later response, errors included. */
  header(name: string, value: string): void;
  /** Sends a JSON body; a response to HEAD has its headers only. */
  json(status: number, body: unknown, headers?: Headers): void;
  empty(status: number, headers?: Headers): void;
  text(status: number, body: string): void;
  /** Sends the headers at once; the route writes the body. */
  stream(status: number, headers: Headers): ServerResponse;
  /** Like `stream`, but sends the headers with the first bytes of the body. */
  body(status: number, headers: Headers): ServerResponse;
  /** Turns the connection into a two-way stream. */
  hijack(contentType: string): Duplex;
  /**
   * The bare connection, before anything is sent, for libraries that perform the handshake themselves; only for a request
   * with an Upgrade header.
   */
  connection(): Duplex;
  /** Cuts the connection, so that the client does not mistake what was sent for the whole. */
  cut(): void;
  /** Whether the headers have been sent. */
  readonly started: boolean;
  /** The status that was or will be sent. */
  readonly status: number;
  /** Whether the whole response was passed to the operating system. */
  readonly finished: boolean;
}

/** The response to a plain HTTP request. */
export class PlainResponse implements Response {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
  }

  get started(): boolean {
    return this.#response.headersSent;
  }

  get status(): number {
    return this.#response.statusCode;
  }

  get finished(): boolean {
    return this.#response.writableFinished;
  }

  header(name: string, value: string): void {
    this.#response.setHeader(name, value);
  }

  json(status: number, body: unknown, headers: Headers = {}): void {
    const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
    const own = { 'Content-Type': 'application/json', 'Content-Length': bytes.length };
    this.#response.writeHead(status, { ...own, ...headers });
    this.#end(bytes);
  }

  empty(status: number, headers: Headers = {}): void {
    const length = status === 204 || status === 304 ? {} : { 'Content-Length': 0 };
    this.#response.writeHead(status, { ...length, ...headers });
    endResponse(this.#request, this.#response);
  }

  text(status: number, body: string): void {
    const bytes = Buffer.from(body);
    this.#response.writeHead(status, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': bytes.length,
    });
    this.#end(bytes);
  }

  #end(bytes: Buffer): void {
    endResponse(this.#request, this.#response, this.#request.method === 'HEAD' ? undefined : bytes);
  }

  stream(status: number, headers: Headers): ServerResponse {
    const response = this.body(status, headers);
    response.flushHeaders();
    return response;
  }

  body(status: number, headers: Headers): ServerResponse {
    return this.#response.writeHead(status, headers);
  }

  connection(): Duplex {
    throw invalidParameter('this operation needs an upgraded connection: send an Upgrade header');
  }

  /** Without an Upgrade header, the stream reads the request's body and writes the response's. */
  hijack(contentType: string): Duplex {
    this.stream(200, { 'Content-Type': contentType });
    /* A client can disconnect and break the stream at any time, even before anything reads or writes it. */
    return failsElsewhere(
      Duplex.from({
        readable: this.#request,
        writable: this.#response as NodeJS.WritableStream,
      } as never),
    );
  }

  cut(): void {
    this.#response.destroy();
  }
}

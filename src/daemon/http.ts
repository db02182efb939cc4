import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { endResponse } from '../core/end-response.ts';
import { BargeError, type ErrorKind, invalidParameter, messageOf } from '../core/errors.ts';
import { failsElsewhere } from '../core/streams.ts';

/** One request on its way through a route. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: Response;
  readonly query: URLSearchParams;
  readonly params: Readonly<Record<string, string>>;
  /** `1.43`, from the path; the newest when it has none. */
  readonly version: string;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal;
}

/** What a route answers with: an ordinary response, or the connection itself. */
export interface Response {
  json(status: number, body: unknown): void;
  empty(status: number): void;
  text(status: number, body: string): void;
  /** Headers at once, then a body that the route writes. */
  stream(status: number, headers: Readonly<Record<string, string>>): ServerResponse;
  /** Turns the connection into a two-way stream. */
  hijack(contentType: string): Duplex;
  /** The bare connection, after `101 Switching Protocols`; only for a request with an Upgrade header. */
  switchProtocol(headers: Readonly<Record<string, string>>): Duplex;
  readonly started: boolean;
}

const STATUS: Record<ErrorKind, number> = {
  'invalid-parameter': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'not-implemented': 501,
  unavailable: 503,
  cancelled: 499,
  'data-loss': 500,
  system: 500,
};

/** The one place where errors become HTTP. */
export function errorResponse(error: unknown): {
  status: number;
  body: { message: string; exitCode?: number };
} {
  const status = error instanceof BargeError ? STATUS[error.kind] : 500;
  const exitCode =
    error instanceof BargeError && error.exitCode !== undefined ? { exitCode: error.exitCode } : {};
  return { status, body: { message: messageOf(error), ...exitCode } };
}

/** `1`, `true` and the like, as Docker reads booleans. */
export function flag(query: URLSearchParams, name: string, otherwise = false): boolean {
  const value = query.get(name);
  if (value === null) return otherwise;
  return !['', '0', 'no', 'false', 'none'].includes(value.trim().toLowerCase());
}

/** @throws BargeError invalid-parameter for anything but a whole number. */
export function integer(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  if (!/^-?\d+$/.test(value))
    throw invalidParameter(`invalid value for ${name}: "${value}" is not a whole number`);
  return Number(value);
}

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

  json(status: number, body: unknown): void {
    const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
    this.#response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': bytes.length });
    this.#end(bytes);
  }

  empty(status: number): void {
    this.#response.writeHead(status, status === 204 || status === 304 ? {} : { 'Content-Length': 0 });
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

  stream(status: number, headers: Readonly<Record<string, string>>): ServerResponse {
    this.#response.writeHead(status, headers);
    this.#response.flushHeaders();
    return this.#response;
  }

  switchProtocol(): Duplex {
    throw invalidParameter('this operation needs a connection that is upgraded: send an Upgrade header');
  }

  /** Without an Upgrade header: the request's body comes in, the response's goes out. */
  hijack(contentType: string): Duplex {
    this.stream(200, { 'Content-Type': contentType });
    /* A client that goes breaks it at any time, also while nobody has begun to read or write. */
    return failsElsewhere(
      Duplex.from({
        readable: this.#request,
        writable: this.#response as NodeJS.WritableStream,
      } as never),
    );
  }
}

/** A request that asked for `Upgrade: tcp`: its response is written to the bare connection. */
export class UpgradeResponse implements Response {
  readonly #socket: Socket;
  readonly #headers: Readonly<Record<string, string>>;
  #started = false;

  constructor(socket: Socket, headers: Readonly<Record<string, string>>) {
    this.#socket = socket;
    this.#headers = headers;
  }

  get started(): boolean {
    return this.#started;
  }

  #head(status: string, headers: Readonly<Record<string, string | number>>): string {
    this.#started = true;
    const lines = Object.entries({ ...this.#headers, ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`;
  }

  #whole(status: number, type: string, body: string): void {
    const headers = { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), Connection: 'close' };
    this.#socket.end(`${this.#head(statusLine(status), headers)}${body}`);
  }

  json(status: number, body: unknown): void {
    this.#whole(status, 'application/json', `${JSON.stringify(body)}\n`);
  }

  empty(status: number): void {
    this.#socket.end(this.#head(statusLine(status), { 'Content-Length': 0, Connection: 'close' }));
  }

  text(status: number, body: string): void {
    this.#whole(status, 'text/plain; charset=utf-8', body);
  }

  stream(): ServerResponse {
    throw invalidParameter('this operation does not upgrade the connection: leave the Upgrade header out');
  }

  hijack(contentType: string): Duplex {
    this.#socket.write(
      this.#head('101 UPGRADED', { 'Content-Type': contentType, Connection: 'Upgrade', Upgrade: 'tcp' }),
    );
    return this.#socket;
  }

  switchProtocol(headers: Readonly<Record<string, string>>): Duplex {
    this.#socket.write(this.#head(statusLine(101), headers));
    return this.#socket;
  }
}

const statusLine = (status: number) => `${status} ${STATUS_CODES[status] ?? 'Unknown'}`;

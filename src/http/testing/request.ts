import { once } from 'node:events';
import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as send,
} from 'node:http';
import { type Duplex, duplexPair, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { HttpServer } from '../server.ts';

export interface TestRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Anything but bytes, text and streams is sent as JSON. */
  readonly body?: unknown;
  /** The apparent client address of the request. */
  readonly address?: string;
}

export interface TestResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  /** The body read as JSON. */
  json<T = unknown>(): T;
}

/** Sends a request to a server over a pair of streams in memory: HTTP is parsed as usual, but no socket is opened. */
export async function request(
  server: Pick<HttpServer, 'server'>,
  path: string,
  options: TestRequest = {},
): Promise<TestResponse> {
  return await (await begin(server, path, options)).whole;
}

/** The same, for a response whose headers matter before its body is there. */
export async function begin(
  server: Pick<HttpServer, 'server'>,
  path: string,
  options: TestRequest = {},
): Promise<{ readonly status: number; readonly whole: Promise<TestResponse> }> {
  const outgoing = start(server, path, options);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, whole: readWhole(response) };
}

async function readWhole(response: IncomingMessage): Promise<TestResponse> {
  const body = await buffer(response);
  const text = body.toString();
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body,
    text,
    json: <T>() => JSON.parse(text) as T,
  };
}

/** Sends a request that upgrades its connection. @returns the connection, after the head of the response. */
export async function upgrade(
  server: Pick<HttpServer, 'server'>,
  path: string,
  { headers = {}, ...options }: TestRequest = {},
): Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders; readonly connection: Duplex }> {
  const own = { Connection: 'Upgrade', Upgrade: 'tcp' };
  const outgoing = start(server, path, { ...options, headers: { ...own, ...headers } });
  const [response, connection, head] = (await once(outgoing, 'upgrade')) as [IncomingMessage, Duplex, Buffer];
  if (head.length > 0) connection.unshift(head);
  return { status: response.statusCode ?? 0, headers: response.headers, connection };
}

function start({ server }: Pick<HttpServer, 'server'>, path: string, options: TestRequest): ClientRequest {
  const { method = 'GET', headers = {}, body, address = '127.0.0.1' } = options;
  const outgoing = send({
    method,
    path,
    headers: { ...typeOf(body), ...headers },
    createConnection: () => connect(server, address),
  });
  void pipeline(contentOf(body), outgoing).catch(
    () => {},
  ); /* a response may come before the end of the body */
  return outgoing;
}

/** Connects to a server without a socket. */
export function connect(server: HttpServer['server'], address = '127.0.0.1'): Duplex {
  const [near, far] = duplexPair();
  near.on('close', () => far.destroy());
  far.on('close', () => near.destroy());
  server.emit('connection', Object.assign(far, { remoteAddress: address, ...SOCKET }));
  return Object.assign(near, SOCKET);
}

/** The members of a socket that HTTP needs beyond a stream. */
const SOCKET = {
  bytesRead: 0,
  bytesWritten: 0,
  setTimeout() {},
  setNoDelay() {},
  setKeepAlive() {},
  ref() {},
  unref() {},
};

const isRaw = (body: unknown): body is string | Uint8Array | Readable =>
  typeof body === 'string' || body instanceof Uint8Array || body instanceof Readable;

const typeOf = (body: unknown): Record<string, string> =>
  body === undefined || isRaw(body) ? {} : { 'Content-Type': 'application/json' };

function contentOf(body: unknown): Readable {
  if (body instanceof Readable) return body;
  if (body === undefined) return Readable.from([]);
  return Readable.from([isRaw(body) ? body : JSON.stringify(body)]);
}

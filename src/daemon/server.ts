import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { API_VERSION, MIN_API_VERSION } from '../api/engine/system.ts';
import { BargeError, invalidParameter, isKind, notFound } from '../core/errors.ts';
import { type Exchange, errorResponse, PlainResponse, type Response, UpgradeResponse } from './http.ts';
import { queryOf, type Router } from './router.ts';

export type RequestLog = (line: {
  method: string;
  path: string;
  status: number;
  ms: number;
  error?: unknown;
}) => void;

const HEADERS_TIMEOUT_MS = 60_000;
/** Bytes: builds carry the credentials of every registry in a header. */
const MAX_HEADERS = 256 << 10;

export interface ServerOptions {
  /** Of the daemon. */
  readonly version: string;
  /** Oldest API version that clients may speak. */
  readonly oldest?: string | undefined;
  readonly experimental: boolean;
}

/** An HTTP server for the Engine API, on whatever sockets it is made to listen. */
export function createApiServer(
  router: Router,
  { version, oldest = MIN_API_VERSION, experimental }: ServerOptions,
  log: RequestLog,
): Server {
  const common = {
    'Api-Version': API_VERSION,
    'Docker-Experimental': `${experimental}`,
    Ostype: 'linux',
    Server: `Barge/${version} (linux)`,
  };
  const server = createServer({
    maxHeaderSize: MAX_HEADERS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: 0,
    keepAliveTimeout: 60_000,
    shouldUpgradeCallback: (request) => takesOver(router, request),
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    for (const [name, value] of Object.entries(common)) response.setHeader(name, value);
    const gone = new AbortController();
    response.on('close', () => gone.abort(clientGone()));
    void serve(
      { router, oldest },
      request,
      new PlainResponse(request, response),
      gone.signal,
      log,
      () => response.statusCode,
    );
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => {});
    const gone = new AbortController();
    socket.on('close', () => gone.abort(clientGone()));
    if (head.length > 0) socket.unshift(head);
    void serve({ router, oldest }, request, new UpgradeResponse(socket, common), gone.signal, log, () => 101);
  });
  return server;
}

/** Where an Upgrade header is not for us, RFC 9110 (7.8) has it ignored: Java's client sends one with every request. */
function takesOver(router: Router, { method = 'GET', url = '/' }: IncomingMessage): boolean {
  try {
    const match = router.find(method, pathOf(url).replace(VERSION_PREFIX, '$2'));
    return typeof match === 'object' && match.hijacks;
  } catch {
    return false; /* a path that the ordinary answer complains of */
  }
}

/** `/v1.43` before a path. */
const VERSION_PREFIX = /^\/v(\d+\.\d+)(\/.*)$/;

const pathOf = (url: string) => url.split('?', 1)[0] ?? '';

const clientGone = () => new BargeError('cancelled', 'the client has closed the connection');

/** What requests are matched against. */
interface Routing {
  readonly router: Router;
  readonly oldest: string;
}

async function serve(
  routing: Routing,
  request: IncomingMessage,
  response: Response,
  signal: AbortSignal,
  log: RequestLog,
  status: () => number,
): Promise<void> {
  const began = performance.now();
  const { method = 'GET', url = '/' } = request;
  let failure: unknown;
  try {
    const exchange = route(routing, request, response, signal);
    await exchange.handler(exchange.exchange);
  } catch (error) {
    failure = error;
    if (!response.started && !signal.aborted) {
      const answer = errorResponse(error);
      response.json(answer.status, answer.body);
    } else if (!signal.aborted) {
      request.destroy();
    }
  }
  const ms = Math.round((performance.now() - began) * 10) / 10;
  log({
    method,
    path: url,
    status: status(),
    ms,
    ...(failure && !signal.aborted && !isKind(failure, 'cancelled') ? { error: failure } : {}),
  });
}

function route(
  { router, oldest }: Routing,
  request: IncomingMessage,
  response: Response,
  signal: AbortSignal,
) {
  const { method = 'GET', url = '/' } = request;
  const whole = pathOf(url);
  const query = queryOf(url.slice(whole.length));
  const { version, path } = splitVersion(whole, oldest);
  const match = router.find(method, path);
  if (match === undefined) throw notFound(`page not found: ${method} ${path}`);
  if (match === 'other-method')
    throw new BargeError('not-found', `page not found: ${path} takes no ${method}`);
  const exchange: Exchange = { request, response, query, params: match.params, version, signal };
  return { exchange, handler: match.handler };
}

const asNumber = (version: string) => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1000 + minor;
};

/** @throws BargeError invalid-parameter for a version outside of what this daemon speaks. */
function splitVersion(path: string, oldest: string): { version: string; path: string } {
  const match = VERSION_PREFIX.exec(path);
  if (!match) return { version: API_VERSION, path };
  const [, version = '', rest = ''] = match;
  if (asNumber(version) < asNumber(oldest)) {
    throw invalidParameter(
      `client version ${version} is too old. Minimum supported API version is ${oldest}, please upgrade your client to a newer version`,
    );
  }
  if (asNumber(version) > asNumber(API_VERSION)) {
    throw invalidParameter(
      `client version ${version} is too new. Maximum supported API version is ${API_VERSION}`,
    );
  }
  return { version, path: rest };
}

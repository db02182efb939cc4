import { API_VERSION, MIN_API_VERSION } from '../api/engine/system.ts';
import { invalidParameter, isKind, notFound } from '../core/errors.ts';
import { errorResponse, respond } from '../http/errors.ts';
import { pathOf, splitTarget } from '../http/query.ts';
import { HttpServer, type Incoming } from '../http/server.ts';
import type { ApiExchange, ApiRoute, Routes } from './routes.ts';

export type RequestLog = (line: {
  method: string;
  path: string;
  status: number;
  ms: number;
  error?: unknown;
}) => void;

const HEADERS_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_MS = 60_000;
/** Bytes: builds carry the credentials of every registry in a header. */
const MAX_HEADERS = 256 << 10;

interface ServerOptions {
  /** Of the daemon. */
  readonly version: string;
  /** Oldest API version that clients may speak. */
  readonly oldest?: string | undefined;
  readonly experimental: boolean;
}

/** An HTTP server for the Engine API, on whatever sockets it is made to listen. */
export function createApiServer(
  routes: Routes,
  { version, oldest = MIN_API_VERSION, experimental }: ServerOptions,
  log: RequestLog,
): HttpServer {
  return new HttpServer((incoming) => serve({ routes, oldest }, incoming, log), {
    headers: {
      'Api-Version': API_VERSION,
      'Docker-Experimental': `${experimental}`,
      Ostype: 'linux',
      Server: `Barge/${version} (linux)`,
    },
    headersTimeout: HEADERS_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADERS,
    upgrades: ({ method, url }) => takesOver(routes, method ?? 'GET', url ?? '/'),
  });
}

function takesOver(routes: Routes, method: string, url: string): boolean {
  try {
    const match = routes.find(method, pathOf(url).replace(VERSION_PREFIX, '$2'));
    return match?.target.hijacks ?? false;
  } catch {
    return false; /* a path that the ordinary response complains of */
  }
}

/** `/v1.43` before a path. */
const VERSION_PREFIX = /^\/v(\d+\.\d+)(\/.*)$/;

/** What requests are matched against. */
interface Routing {
  readonly routes: Routes;
  readonly oldest: string;
}

async function serve(routing: Routing, incoming: Incoming, log: RequestLog): Promise<void> {
  const began = performance.now();
  const { method = 'GET', url = '/' } = incoming.request;
  const failure = await respond(
    incoming,
    () => {
      const { exchange, route } = match(routing, incoming);
      return route.handler(exchange);
    },
    errorResponse,
  );
  const ms = Math.round((performance.now() - began) * 10) / 10;
  const isLogged = failure && failure.outcome !== 'left' && !isKind(failure.error, 'cancelled');
  const { status } = incoming.response;
  log({ method, path: url, status, ms, ...(isLogged ? { error: failure.error } : {}) });
}

/** @throws BargeError not-found for what is no route, invalid-parameter for a target that makes no sense. */
function match(
  { routes, oldest }: Routing,
  incoming: Incoming,
): { readonly exchange: ApiExchange; readonly route: ApiRoute } {
  const { method = 'GET', url = '/' } = incoming.request;
  const { path: whole, query } = splitTarget(url);
  const { version, path } = splitVersion(whole, oldest);
  const found = routes.find(method, path);
  if (found) return { exchange: { ...incoming, query, params: found.params, version }, route: found.target };
  if (routes.takesOther(path)) throw notFound(`page not found: ${path} takes no ${method}`);
  throw notFound(`page not found: ${method} ${path}`);
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

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import type { Logger } from 'pino';
import {
  type AccessControl,
  EVERYBODY,
  mayEnter,
  type Need,
  NOBODY,
  needOf,
  type Visitor,
} from './auth/access.ts';
import { AccountAccess } from './auth/account-access.ts';
import { clientAddress, resolveClientAddress } from './http/client-address.ts';
import { respondWithError } from './http/respond-with-error.ts';
import type { RegistryMetrics } from './metrics.ts';
import type { PullThrough } from './proxy/pull-through.ts';
import type { RateLimit } from './rate-limit.ts';
import { registryError } from './registry-error.ts';
import { type Match, Router } from './router.ts';
import { Rules } from './rules.ts';
import type { RegistryStorage } from './storage/storage.ts';
import type { Webhooks } from './webhooks.ts';

export interface RequestHandlerOptions {
  readonly storage: RegistryStorage;
  readonly log: Logger;
  /** Without one, everybody may do everything. */
  readonly access?: AccessControl | undefined;
  readonly metrics?: RegistryMetrics | undefined;
  readonly hooks?: Webhooks | undefined;
  readonly rateLimit?: RateLimit | undefined;
  /** Proxies that say truly who asks. */
  readonly trustedProxies?: BlockList | undefined;
  /** Bytes: the longest blob that is taken. */
  readonly maxBlob?: number | undefined;
  /** Another registry, of which this one keeps copies; it takes no pushes then. */
  readonly proxy?: PullThrough | undefined;
}

/** Answers one request; never rejects. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** The registry as a function of requests, for any HTTP server. */
export function createRequestHandler(options: RequestHandlerOptions): RequestHandler {
  const { storage, access, hooks } = options;
  const accounts = access instanceof AccountAccess ? access.accounts : undefined;
  const { maxBlob } = options;
  const rules = new Rules({ accounts, hooks, maxBlob, measure: (namespaces) => storage.usage(namespaces) });
  const router = new Router({ storage, access, rules, proxy: options.proxy });
  return async (request, response) => {
    const { path, query } = splitUrl(request.url ?? '/');
    const method = request.method ?? 'GET';
    const log = options.log.child({ method, path });
    logResponse(log, request, response, options.metrics);
    if (options.trustedProxies) resolveClientAddress(request, options.trustedProxies);
    response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    const match = router.find(method, path);
    const exchange = { request, response, params: match?.params ?? {}, query, log };
    try {
      const asked = { request, response };
      const needs = match?.needs ?? 'known';
      const visitor =
        needs === 'self'
          ? await welcome(options, asked)
          : await admit(options, asked, needOf(needs, match?.params.name));
      await (match ?? noSuchEndpoint(router, path, response)).handler({ ...exchange, visitor });
    } catch (error) {
      respondWithError({ ...exchange, visitor: NOBODY }, error);
    }
  };
}

/** The handler identifies the visitor later, from what comes with the request: the address counts. */
async function welcome(
  { rateLimit }: Pick<RequestHandlerOptions, 'rateLimit'>,
  { request, response }: Asked,
): Promise<Visitor> {
  await rateLimit?.assertRoom({ user: undefined, address: clientAddress(request) }, response);
  return NOBODY;
}

/** @throws RegistryError UNAUTHORIZED with the way to get in, DENIED for known visitors. */
async function admit(
  { access, rateLimit }: Pick<RequestHandlerOptions, 'access' | 'rateLimit'>,
  { request, response }: Asked,
  need: Need,
): Promise<Visitor> {
  const visitor = access ? await access.visitor(request) : EVERYBODY;
  await rateLimit?.assertRoom({ user: visitor?.user, address: clientAddress(request) }, response);
  if (!access) return EVERYBODY;
  if (visitor && (await mayEnter(visitor, need))) {
    if (typeof need !== 'string' && need.action === 'push') await access.beforePush?.(need.repository);
    return visitor;
  }
  const detail = typeof need === 'string' ? undefined : need;
  if (visitor?.user !== undefined && visitor.credential !== 'bearer token') {
    throw registryError('DENIED', 'requested access to the resource is denied', detail);
  }
  response.setHeader('WWW-Authenticate', access.challenge(request, need));
  throw registryError('UNAUTHORIZED', 'authentication required', detail);
}

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

function noSuchEndpoint(router: Router, path: string, response: ServerResponse): Match {
  const allowed = router.methodsOf(path);
  if (allowed.length === 0) throw registryError('NAME_UNKNOWN', 'no such endpoint', { path });
  response.setHeader('Allow', allowed.join(', '));
  throw registryError('UNSUPPORTED', 'the operation is unsupported', { allowed });
}

function splitUrl(url: string): { path: string; query: URLSearchParams } {
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  return { path, query: new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1)) };
}

function logResponse(
  log: Logger,
  request: IncomingMessage,
  response: ServerResponse,
  metrics: RegistryMetrics | undefined,
): void {
  const started = performance.now();
  const { socket } = request;
  const before = { sent: socket.bytesWritten, received: socket.bytesRead };
  response.once('close', () => {
    const milliseconds = Math.round(performance.now() - started);
    log.info({ status: response.statusCode, complete: response.writableFinished, milliseconds }, 'request');
    metrics?.request(request.method ?? '', response.statusCode, milliseconds / 1000, {
      sent: socket.bytesWritten - before.sent,
      received: socket.bytesRead - before.received,
    });
  });
}

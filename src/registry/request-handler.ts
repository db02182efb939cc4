import type { BlockList } from 'node:net';
import type { Logger } from 'pino';
import { respond } from '../http/errors.ts';
import { pathOf, splitTarget } from '../http/query.ts';
import type { Incoming, Serve } from '../http/server.ts';
import {
  type AccessControl,
  EVERYBODY,
  mayEnter,
  type Need,
  NOBODY,
  needOf,
  type Visitor,
} from './auth/access.ts';
import type { AccountAccess } from './auth/account-access.ts';
import { clientAddress, resolveClientAddress } from './client-address.ts';
import { distributionErrors, noteCut } from './errors.ts';
import type { Exchange, Handler } from './exchange.ts';
import type { RegistryMetrics } from './metrics.ts';
import type { PullThrough } from './proxy/pull-through.ts';
import type { RateLimit } from './rate-limit.ts';
import { registryError } from './registry-error.ts';
import { RegistryRoutes } from './routes.ts';
import { Rules } from './rules.ts';
import type { RegistryStorage } from './storage/storage.ts';
import type { Webhooks } from './webhooks.ts';

export interface RequestHandlerOptions {
  readonly storage: RegistryStorage;
  readonly log: Logger;
  /** Without this and without accounts, every client has all rights. */
  readonly access?: AccessControl | undefined;
  /** Access control by accounts, which also enables tokens and the management API. */
  readonly accounts?: AccountAccess | undefined;
  readonly metrics?: RegistryMetrics | undefined;
  readonly hooks?: Webhooks | undefined;
  readonly rateLimit?: RateLimit | undefined;
  /** Proxies whose forwarded client address is trusted. */
  readonly trustedProxies?: BlockList | undefined;
  /** Maximum bytes of a blob. */
  readonly maxBlob?: number | undefined;
  /** The registry to cache; pushes are then rejected. */
  readonly proxy?: PullThrough | undefined;
}

/** The registry as a request handler for any HTTP server. */
export function createRequestHandler(options: RequestHandlerOptions): Serve {
  const { storage, accounts, hooks, maxBlob, proxy } = options;
  const rules = new Rules({
    accounts: accounts?.accounts,
    hooks,
    maxBlob,
    measure: (namespaces) => storage.usage(namespaces),
  });
  const routes = new RegistryRoutes({ storage, accounts, rules, proxy });
  return async (incoming) => {
    const { request, response } = incoming;
    const log = options.log.child({ method: request.method, path: pathOf(request.url ?? '/') });
    logResponse(log, incoming, options.metrics);
    if (options.trustedProxies) resolveClientAddress(request, options.trustedProxies);
    response.header('Docker-Distribution-Api-Version', 'registry/2.0');
    response.header('X-Content-Type-Options', 'nosniff');
    const failure = await respond(
      incoming,
      () => serve(options, routes, incoming, log),
      distributionErrors(log),
    );
    noteCut(failure, log);
  };
}

async function serve(
  options: RequestHandlerOptions,
  routes: RegistryRoutes,
  incoming: Incoming,
  log: Logger,
): Promise<void> {
  const { method = 'GET', url = '/' } = incoming.request;
  const { path, query } = splitTarget(url);
  const match = routes.find(method, path);
  const { needs, handler } = match?.target ?? { needs: 'known', handler: noSuchEndpoint(routes, path) };
  const visitor =
    needs === 'self'
      ? await welcome(options, incoming)
      : await admit(options, incoming, needOf(needs, match?.params.name));
  const exchange: Exchange = { ...incoming, params: match?.params ?? {}, query, log, visitor };
  await handler(exchange);
}

/** The handler identifies the visitor later, from the request's credentials: here, the address counts. */
async function welcome(
  { rateLimit }: Pick<RequestHandlerOptions, 'rateLimit'>,
  { request, response }: Incoming,
): Promise<Visitor> {
  await rateLimit?.assertRoom({ user: undefined, address: clientAddress(request) }, response);
  return NOBODY;
}

/** @throws RegistryError UNAUTHORIZED with a challenge, DENIED for authenticated visitors. */
async function admit(
  { accounts, access = accounts, rateLimit }: RequestHandlerOptions,
  { request, response }: Incoming,
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
  response.header('WWW-Authenticate', access.challenge(request, need));
  throw registryError('UNAUTHORIZED', 'authentication required', detail);
}

const noSuchEndpoint =
  (routes: RegistryRoutes, path: string): Handler =>
  ({ response }) => {
    const allowed = routes.methodsOf(path);
    if (allowed.length === 0) throw registryError('NAME_UNKNOWN', 'no such endpoint', { path });
    response.header('Allow', allowed.join(', '));
    throw registryError('UNSUPPORTED', 'the operation is unsupported', { allowed });
  };

function logResponse(
  log: Logger,
  { request, response, signal }: Incoming,
  metrics: RegistryMetrics | undefined,
): void {
  const started = performance.now();
  const { socket } = request;
  const before = { sent: socket.bytesWritten, received: socket.bytesRead };
  signal.addEventListener('abort', () => {
    const milliseconds = Math.round(performance.now() - started);
    log.info({ status: response.status, complete: response.finished, milliseconds }, 'request');
    metrics?.request(request.method ?? '', response.status, milliseconds / 1000, {
      sent: socket.bytesWritten - before.sent,
      received: socket.bytesRead - before.received,
    });
  });
}

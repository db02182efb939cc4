import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { type Logger, pino } from 'pino';
import { lockDirectory } from '../../host/directory-lock.ts';
import type { TlsFiles } from '../../http/server.ts';
import { Accounts } from '../accounts/accounts.ts';
import { usersOnly } from '../auth/access.ts';
import { AccountAccess } from '../auth/account-access.ts';
import { HtpasswdAuthenticator } from '../auth/htpasswd-authenticator.ts';
import { HtpasswdFile } from '../auth/htpasswd-file.ts';
import { forgetKeyOfDatabase } from '../auth/key-sources.ts';
import type { Counters } from '../database/counters.ts';
import { RegistryMetrics, serveMetrics } from '../metrics.ts';
import { printableLine } from '../printable.ts';
import { RateLimit } from '../rate-limit.ts';
import { createRequestHandler, type RequestHandlerOptions } from '../request-handler.ts';
import { RegistryServer } from '../server.ts';
import { Webhooks } from '../webhooks.ts';
import { collectionChore, expiryChore, scrubChore, sweepChore } from './chores.ts';
import { HouseKeeping } from './keep-house.ts';
import { inUse } from './maintain.ts';
import { openProxy } from './proxy.ts';
import type { ServeOptions } from './serve-options.ts';
import { keySourceOf, openStore, type Store } from './store.ts';

/** Serves until SIGTERM or SIGINT. `announce` receives the line with the address. */
export async function serve(options: ServeOptions, announce: (line: string) => void): Promise<void> {
  const stopped = stopSignal();
  const log = openLog(options.logLevel);
  await using stack = new AsyncDisposableStack();
  const { dataRoot, database } = options.store;
  const store = stack.use(
    await openStore(options.store, (error) => log.warn({ err: error }, 'lost a connection to the database')),
  );
  if (!database) {
    const lock = lockDirectory(dataRoot, inUse(dataRoot));
    stack.defer(() => void lock.close());
  }
  const accounts = options.accounts ? new Accounts(await store.database()) : undefined;
  if (accounts) await takeOver(options, accounts, store);
  const access = await accessFor(options, accounts, store, log);
  if (!access.access && !access.accounts && !isLoopback(options.host)) {
    log.warn(
      'anyone who can reach this address can read and write images; --accounts requires users to sign in',
    );
  }
  const metrics = options.metrics && new RegistryMetrics();
  const proxy = await openProxy(options, store, { log, metrics });
  if (proxy) stack.defer(() => proxy.close());
  const hooks = await hooksFor(options, store, log);
  if (hooks) stack.defer(() => hooks.close());
  const house = { store, accounts, metrics, log };
  const collection = await collectionChore(house, options);
  const chores = [
    collection,
    scrubChore(house, options.scrub),
    expiryChore(house, options.uploadExpiry),
    sweepChore(house),
  ];
  const keeping = stack.use(new HouseKeeping(chores, log));
  const begin = () => keeping.begin(collection);
  process.on('SIGUSR2', begin);
  stack.defer(() => void process.off('SIGUSR2', begin));
  const rateLimit = options.rateLimit && new RateLimit(store.counters, options.rateLimit);
  const { storage } = store;
  const { maxBlob, trustedProxies } = options;
  const asked = { storage, log, ...access, metrics, hooks, rateLimit, trustedProxies, maxBlob, proxy };
  const handler = createRequestHandler(asked);
  const server = stack.use(
    new RegistryServer(handler, {
      tls: options.tls && (await readTls(options.tls)),
      drainTimeout: options.drainTimeout,
    }),
  );
  if (options.tls) renewOnHangUp(server, options.tls, log);
  if (metrics && options.metrics) {
    const monitor = await serveMetrics(metrics, options.metrics, () => isHealthy(server, store));
    stack.defer(() => void monitor.close());
  }
  announce(`barge-registry listening on ${await server.listen(options.host, options.port)}\n`);
  log.info({ signal: await stopped }, 'stopping; requests in progress may finish');
  await server.close();
}

/** Lines of JSON on standard error, with client-supplied control characters escaped. */
function openLog(level: string): Logger {
  const stderr = pino.destination({ fd: 2, sync: true });
  return pino({ level }, { write: (line) => void stderr.write(printableLine(line)) });
}

/** A draining server reports itself as unhealthy, so that load balancers send it no new clients. */
async function isHealthy(server: RegistryServer, store: Store): Promise<boolean> {
  if (server.http.isDraining) return false;
  return await store.probe().then(
    () => true,
    () => false,
  );
}

/** SIGHUP: the certificate is reloaded for new connections. */
function renewOnHangUp(server: RegistryServer, files: { cert: string; key: string }, log: Logger): void {
  process.on('SIGHUP', async () => {
    try {
      server.http.useCertificate(await readTls(files));
      log.info('the certificate was reloaded');
    } catch (error) {
      log.error({ err: error }, 'the certificate could not be reloaded; the old one is still used');
    }
  });
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
}

async function hooksFor(
  { webhooks: urls, webhookSecret }: ServeOptions,
  store: Store,
  log: Logger,
): Promise<Webhooks | undefined> {
  if (urls.length === 0) return undefined;
  const secret = webhookSecret ? (await readFile(webhookSecret, 'utf8')).trim() : undefined;
  return new Webhooks({ urls, secret, log, db: await store.database(), locks: store.locks });
}

/** Records the namespaces that earlier versions, and a registry without accounts, did not record. */
async function takeOver(
  { store: { database } }: ServeOptions,
  accounts: Accounts,
  store: Store,
): Promise<void> {
  await accounts.namespaces.useAll(await store.storage.namespaces());
  if (!database) await forgetKeyOfDatabase(accounts);
}

async function accessFor(
  { htpasswd, externalUrl, selfRegistration, store }: ServeOptions,
  accounts: Accounts | undefined,
  { counters }: Store,
  log: Logger,
): Promise<Pick<RequestHandlerOptions, 'access' | 'accounts'>> {
  if (htpasswd) return { access: usersOnly(await openHtpasswd(htpasswd, counters, log)) };
  if (!accounts) return {};
  if ((await accounts.users()).length === 0 && !selfRegistration) {
    log.warn('there are no users yet: barge-registry user add NAME --admin');
  }
  const key = keySourceOf(store, accounts);
  return { accounts: new AccountAccess(accounts, { externalUrl, selfRegistration, counters, key }) };
}

async function openHtpasswd(path: string, counters: Counters, log: Logger): Promise<HtpasswdAuthenticator> {
  const file = new HtpasswdFile(path);
  if ((await file.users()).size === 0) log.warn({ path }, 'the htpasswd file has no user with a bcrypt hash');
  return new HtpasswdAuthenticator(file, counters);
}

async function readTls(paths: { cert: string; key: string }): Promise<TlsFiles> {
  const [cert, key] = await Promise.all([readFile(paths.cert, 'utf8'), readFile(paths.key, 'utf8')]);
  return { cert, key };
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { type Logger, pino } from 'pino';
import { lockFolder } from '../../host/folder-lock.ts';
import { Accounts } from '../accounts/accounts.ts';
import { type AccessControl, usersOnly } from '../auth/access.ts';
import { AccountAccess } from '../auth/account-access.ts';
import { HtpasswdAuthenticator } from '../auth/htpasswd-authenticator.ts';
import { HtpasswdFile } from '../auth/htpasswd-file.ts';
import { RegistryMetrics, serveMetrics } from '../metrics.ts';
import { createRequestHandler } from '../request-handler.ts';
import { RegistryServer, type TlsFiles } from '../server.ts';
import { FileSystemStorage } from '../storage/file-system/file-system-storage.ts';
import type { UploadStorage } from '../storage/storage.ts';
import { Webhooks } from '../webhooks.ts';
import { accountsPath } from './accounts.ts';
import { inUse, wordsFor } from './maintain.ts';
import type { CollectionOptions, ServeOptions } from './serve-options.ts';

/** Milliseconds. */
const UPLOAD_LIFETIME = 24 * 3600_000;
const EXPIRY_INTERVAL = 3600_000;

/** Serves until SIGTERM or SIGINT. `announce` gets the one line that says where. */
export async function serve(options: ServeOptions, announce: (line: string) => void): Promise<void> {
  const stopped = stopSignal();
  const log = pino({ level: options.logLevel }, pino.destination({ fd: 2, sync: true }));
  const storage = await FileSystemStorage.open(options.dataRoot);
  const lock = await lockFolder(options.dataRoot, inUse(options.dataRoot));
  using accounts = options.accounts ? new Accounts(accountsPath(options.dataRoot)) : undefined;
  const access = await accessFor(options, accounts, log);
  if (!access && !isLoopback(options.host)) {
    log.warn('anybody who reaches this address can read and write images; --accounts asks who they are');
  }
  const metrics = options.metrics && new RegistryMetrics();
  const hooks = await hooksFor(options, log);
  await using server = new RegistryServer(createRequestHandler({ storage, log, access, metrics, hooks }), {
    tls: options.tls && (await readTls(options.tls)),
  });
  if (options.tls) renewOnHangUp(server, options.tls, log);
  const monitor =
    metrics &&
    options.metrics &&
    (await serveMetrics(metrics, options.metrics, () => isWritable(options.dataRoot)));
  await expireUploads(storage.uploads, log);
  const expiry = setInterval(() => void expireUploads(storage.uploads, log), EXPIRY_INTERVAL);
  await using _ = keepHouse(storage, options.collection, log);
  try {
    announce(`barge-registry listening on ${await server.listen(options.host, options.port)}\n`);
    log.info({ signal: await stopped }, 'stopping; requests under way may finish');
  } finally {
    clearInterval(expiry);
    monitor?.close();
    hooks?.close();
    lock.close();
  }
}

/** SIGHUP: the certificate is read again, for connections from now on. */
function renewOnHangUp(server: RegistryServer, files: { cert: string; key: string }, log: Logger): void {
  process.on('SIGHUP', async () => {
    try {
      server.useCertificate(await readTls(files));
      log.info('the certificate was read again');
    } catch (error) {
      log.error({ err: error }, 'the certificate could not be read again; the old one stays');
    }
  });
}

async function isWritable(dataRoot: string): Promise<boolean> {
  return await access(dataRoot, constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** Collects garbage now and then, and when SIGUSR2 asks for it; one collection at a time. */
function keepHouse(storage: FileSystemStorage, options: CollectionOptions, log: Logger): AsyncDisposable {
  const end = new AbortController();
  let running: Promise<void> | undefined;
  const collect = async () => {
    try {
      const found = await storage.collect({ ...options, signal: end.signal });
      log.info({ ...found }, `garbage collection removed ${wordsFor(found)}`);
    } catch (error) {
      if (!end.signal.aborted) log.error({ err: error }, 'garbage collection failed');
    }
  };
  const begin = () => {
    running ??= collect().finally(() => {
      running = undefined;
    });
  };
  const timer = options.interval > 0 ? setInterval(begin, options.interval) : undefined;
  process.on('SIGUSR2', begin);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      process.off('SIGUSR2', begin);
      end.abort();
      await running;
    },
  };
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
}

async function hooksFor(
  { webhooks, webhookSecret }: ServeOptions,
  log: Logger,
): Promise<Webhooks | undefined> {
  if (webhooks.length === 0) return undefined;
  const secret = webhookSecret ? (await readFile(webhookSecret, 'utf8')).trim() : undefined;
  return new Webhooks(webhooks, secret, log);
}

async function accessFor(
  { htpasswd, externalUrl, selfRegistration }: ServeOptions,
  accounts: Accounts | undefined,
  log: Logger,
): Promise<AccessControl | undefined> {
  if (htpasswd) return usersOnly(await openHtpasswd(htpasswd, log));
  if (!accounts) return undefined;
  if (accounts.users().length === 0 && !selfRegistration) {
    log.warn('there are no users yet: barge-registry user add NAME --admin');
  }
  return new AccountAccess(accounts, { externalUrl, selfRegistration });
}

async function openHtpasswd(path: string, log: Logger): Promise<HtpasswdAuthenticator> {
  const file = new HtpasswdFile(path);
  if ((await file.users()).size === 0) log.warn({ path }, 'the htpasswd file has no user with a bcrypt hash');
  return new HtpasswdAuthenticator(file);
}

async function readTls(paths: { cert: string; key: string }): Promise<TlsFiles> {
  const [cert, key] = await Promise.all([readFile(paths.cert, 'utf8'), readFile(paths.key, 'utf8')]);
  return { cert, key };
}

async function expireUploads(uploads: UploadStorage, log: Logger): Promise<void> {
  try {
    const removed = await uploads.expire(UPLOAD_LIFETIME);
    if (removed > 0) log.info({ removed }, 'removed uploads that were given up');
  } catch (error) {
    log.error({ err: error }, 'could not remove old uploads; trying again in an hour');
  }
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

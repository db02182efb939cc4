import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { type Logger, pino } from 'pino';
import { HtpasswdAuthenticator } from '../auth/htpasswd-authenticator.ts';
import { HtpasswdFile } from '../auth/htpasswd-file.ts';
import { createRequestHandler } from '../request-handler.ts';
import { RegistryServer, type TlsFiles } from '../server.ts';
import { FileSystemStorage } from '../storage/file-system/file-system-storage.ts';
import type { UploadStorage } from '../storage/storage.ts';
import type { ServeOptions } from './serve-options.ts';

/** Milliseconds. */
const UPLOAD_LIFETIME = 24 * 3600_000;
const EXPIRY_INTERVAL = 3600_000;

/** Serves until SIGTERM or SIGINT. `announce` gets the one line that says where. */
export async function serve(options: ServeOptions, announce: (line: string) => void): Promise<void> {
  const stopped = stopSignal();
  const log = pino({ level: options.logLevel }, pino.destination({ fd: 2, sync: true }));
  const storage = await FileSystemStorage.open(options.dataRoot);
  const authenticator = options.htpasswd ? await openHtpasswd(options.htpasswd, log) : undefined;
  if (!authenticator && !isLoopback(options.host)) {
    log.warn('anybody who reaches this address can read and write images; --htpasswd asks for passwords');
  }
  await using server = new RegistryServer(createRequestHandler({ storage, log, authenticator }), {
    tls: options.tls && (await readTls(options.tls)),
  });
  await expireUploads(storage.uploads, log);
  const expiry = setInterval(() => void expireUploads(storage.uploads, log), EXPIRY_INTERVAL);
  try {
    announce(`barge-registry listening on ${await server.listen(options.host, options.port)}\n`);
    log.info({ signal: await stopped }, 'stopping; requests under way may finish');
  } finally {
    clearInterval(expiry);
  }
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
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

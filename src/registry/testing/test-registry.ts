import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import type { Incoming, TlsFiles } from '../../http/server.ts';
import { type AccessControl, usersOnly } from '../auth/access.ts';
import type { AccountAccess } from '../auth/account-access.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import type { PullThrough } from '../proxy/pull-through.ts';
import type { RateLimit } from '../rate-limit.ts';
import { createRequestHandler } from '../request-handler.ts';
import { RegistryServer } from '../server.ts';
import { openFileSystem } from '../storage/file-system/open.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { Webhooks } from '../webhooks.ts';

/** A registry on loopback for tests, with its own data root. */
export interface TestRegistry extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** `127.0.0.1:PORT`, the domain of image references. */
  readonly host: string;
  readonly root: string;
  readonly storage: ObjectStorage;
}

interface TestRegistryOptions {
  readonly authenticator?: Authenticator;
  readonly access?: AccessControl;
  readonly accounts?: AccountAccess;
  readonly hooks?: Webhooks;
  readonly tls?: TlsFiles;
  readonly rateLimit?: RateLimit;
  readonly proxy?: (storage: ObjectStorage, log: Logger) => PullThrough;
  /** Called before each request; true: it has sent the response. */
  readonly before?: (incoming: Incoming) => boolean;
}

export async function startTestRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const root = await mkdtemp(join(tmpdir(), 'barge-registry-'));
  const storage = await openFileSystem(root);
  const log = pino({ level: 'silent' });
  const access = options.access ?? (options.authenticator && usersOnly(options.authenticator));
  const { accounts, hooks, rateLimit, before } = options;
  const proxy = options.proxy?.(storage, log);
  const handle = createRequestHandler({ storage, log, access, accounts, hooks, rateLimit, proxy });
  const server = new RegistryServer(
    async (incoming) => {
      if (!before?.(incoming)) await handle(incoming);
    },
    { tls: options.tls, drainTimeout: 100 },
  );
  const url = await server.listen('127.0.0.1', 0);
  return {
    url,
    host: new URL(url).host,
    root,
    storage,
    async [Symbol.asyncDispose]() {
      await proxy?.close();
      await server.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

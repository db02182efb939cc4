import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type AccessControl, usersOnly } from '../auth/access.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { createRequestHandler } from '../request-handler.ts';
import { RegistryServer, type TlsFiles } from '../server.ts';
import { openFileSystem } from '../storage/file-system/open.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { Webhooks } from '../webhooks.ts';

/** A registry on loopback for tests, with a data root of its own. */
export interface TestRegistry extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** `127.0.0.1:PORT`, the domain of image references. */
  readonly host: string;
  readonly root: string;
  readonly storage: ObjectStorage;
}

export async function startTestRegistry(
  options: { authenticator?: Authenticator; access?: AccessControl; hooks?: Webhooks; tls?: TlsFiles } = {},
): Promise<TestRegistry> {
  const root = await mkdtemp(join(tmpdir(), 'barge-registry-'));
  const storage = await openFileSystem(root);
  const log = pino({ level: 'silent' });
  const access = options.access ?? (options.authenticator && usersOnly(options.authenticator));
  const server = new RegistryServer(createRequestHandler({ storage, log, access, hooks: options.hooks }), {
    tls: options.tls,
    drainTimeout: 100,
  });
  const url = await server.listen('127.0.0.1', 0);
  return {
    url,
    host: new URL(url).host,
    root,
    storage,
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

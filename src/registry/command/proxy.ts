import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { conflict } from '../../core/errors.ts';
import type { RegistryMetrics } from '../metrics.ts';
import { PullThrough } from '../proxy/pull-through.ts';
import { Upstream } from '../proxy/upstream.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { ServeOptions } from './serve-options.ts';
import type { Store } from './store.ts';

/** @throws BargeError conflict when the store is not of the kind to be served. */
export async function openProxy(
  { proxy }: ServeOptions,
  { storage }: Store,
  { log, metrics }: { readonly log: Logger; readonly metrics: RegistryMetrics | undefined },
): Promise<PullThrough | undefined> {
  await assertKind(storage, proxy?.origin);
  if (!proxy) return undefined;
  const { origin, user, passwordFile, fresh } = proxy;
  const password = passwordFile && (await readFile(passwordFile, 'utf8')).trim();
  const credentials = user && password ? { user, password } : undefined;
  const ca = proxy.ca && (await readFile(proxy.ca, 'utf8'));
  const upstream = new Upstream({ origin, credentials, ca });
  return new PullThrough({ upstream, storage, log, metrics, fresh });
}

/** Cached and own images must not share a store, because unused cached content is removed. */
async function assertKind(storage: ObjectStorage, origin: string | undefined): Promise<void> {
  const marked = await storage.cachedOrigin();
  if (marked === origin) return;
  if (marked !== undefined) {
    throw conflict(
      `the store is a cache of ${marked}; start with --proxy ${marked}, or with another data root`,
    );
  }
  if ((await storage.repositories()).length > 0) {
    throw conflict('the store has its own images; --proxy needs a separate data root');
  }
  if (origin !== undefined) await storage.markAsCache(origin);
}

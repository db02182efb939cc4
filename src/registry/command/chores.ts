import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { parse } from 'yaml';
import { invalidParameter, messageOf } from '../../core/errors.ts';
import { formatBytes } from '../../core/units.ts';
import type { Accounts } from '../accounts/accounts.ts';
import { SqlCounters } from '../database/counters.ts';
import type { RegistryMetrics } from '../metrics.ts';
import { parsePolicies, type RetentionPolicy, type RetentionRule, rulesFor } from '../retention.ts';
import type { Collected } from '../storage/collect.ts';
import type { Chore } from './keep-house.ts';
import type { ServeOptions } from './serve-options.ts';
import type { Store } from './store.ts';

const EXPIRY_INTERVAL = 3600_000;
const SWEEP_INTERVAL = 600_000;
const EVICTION_INTERVAL = 600_000;

interface House {
  readonly store: Store;
  readonly accounts: Accounts | undefined;
  readonly metrics: RegistryMetrics | undefined;
  readonly log: Logger;
}

/** @throws BargeError invalid-parameter for a file without valid rules in YAML or JSON. */
export async function readPolicies(path: string): Promise<RetentionPolicy[]> {
  try {
    return parsePolicies(parse(await readFile(path, 'utf8')));
  } catch (error) {
    throw invalidParameter(`invalid --retention ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** A repository's own rules, if it has any; else those of the file. */
export function retentionOf(policies: readonly RetentionPolicy[], accounts: Accounts | undefined) {
  return async (repository: string): Promise<readonly RetentionRule[]> => {
    const own = (await accounts?.settings(repository))?.retention ?? [];
    return own.length > 0 ? own : rulesFor(repository, policies);
  };
}

export function wordsFor({ tags, manifests, links, contents, bytes }: Collected): string {
  return `${tags > 0 ? `${tags} tags, ` : ''}${manifests} manifests, ${links} blobs of repositories, ${contents} contents (${formatBytes(bytes)})`;
}

/** Garbage collection; in a cache, eviction of the least recently used content. */
export async function collectionChore(house: House, options: ServeOptions): Promise<Chore> {
  return options.proxy
    ? evictionChore(house, options.proxy, options.collection.grace)
    : await garbageChore(house, options);
}

async function garbageChore({ store, accounts, metrics, log }: House, options: ServeOptions): Promise<Chore> {
  const policies = options.retention ? await readPolicies(options.retention) : [];
  const retention = retentionOf(policies, accounts);
  const { interval, ...rest } = options.collection;
  const run = async (signal: AbortSignal) => {
    const found = await store.storage.collect({ ...rest, retention, signal });
    if (!found) return log.info('another server collects garbage');
    metrics?.collected(found);
    log.info({ ...found }, `garbage collection removed ${wordsFor(found)}`);
  };
  return { name: 'garbage collection', interval, run };
}

function evictionChore(
  { store, log }: House,
  limits: { readonly maxBytes?: number; readonly maxAge?: number },
  grace: number,
): Chore {
  const run = async () => {
    const found = await store.storage.evict({ ...limits, grace });
    if (found) log.info({ ...found }, `the cache was reduced by ${formatBytes(found.bytes)}`);
  };
  return { name: 'reducing the cache', interval: EVICTION_INTERVAL, atStart: true, run };
}

export function scrubChore({ store, metrics, log }: House, { interval, rate }: ServeOptions['scrub']): Chore {
  const run = async (signal: AbortSignal) => {
    const found = await store.storage.scrub({
      rate,
      signal,
      report: ({ digest, bytes, damaged }) => {
        metrics?.scrubbed(bytes, damaged);
        if (damaged)
          log.error(
            { digest },
            'content is damaged; it was moved to quarantine, and the next push restores it',
          );
      },
    });
    if (!found) return;
    metrics?.scrubEnded();
    log.info(
      { ...found },
      `scrubbed ${found.contents} contents (${formatBytes(found.bytes)}): ${found.damaged} damaged`,
    );
  };
  return { name: 'the scrub', interval, run };
}

export function expiryChore({ store, log }: House, age: number): Chore {
  const run = async () => {
    const removed = await store.storage.uploads.expire(age);
    if (removed > 0) log.info({ removed }, 'removed abandoned uploads');
  };
  return { name: 'removing old uploads', interval: Math.min(EXPIRY_INTERVAL, age), atStart: true, run };
}

export function sweepChore({ store }: House): Chore {
  const run = async () => {
    if (store.counters instanceof SqlCounters) await store.counters.sweep();
  };
  return { name: 'removing expired counters', interval: SWEEP_INTERVAL, run };
}

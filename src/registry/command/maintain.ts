import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { conflict } from '../../core/errors.ts';
import { lockDirectory } from '../../host/directory-lock.ts';
import { Accounts } from '../accounts/accounts.ts';
import { readPolicies, retentionOf, wordsFor } from './chores.ts';
import { type Flags, flagsOf, STORE_FLAGS } from './flags.ts';
import { collectionOptions } from './serve-options.ts';
import { DATABASE, openExistingStore, type Store, type StoreOptions, storeOptions } from './store.ts';

interface Output {
  write(text: string): unknown;
}

/** The message for others while a registry runs on the same data root. */
export const inUse = (dataRoot: string) =>
  `a barge-registry runs on ${dataRoot}: it collects garbage automatically (--gc-interval), and immediately on SIGUSR2`;

/** `gc`. @throws BargeError conflict while a registry runs there. */
export async function collect(flags: Flags, out: Output): Promise<void> {
  const values = flagsOf(flags, 'gc', [...STORE_FLAGS, 'gc-grace', 'gc-untagged', 'retention', 'dry-run']);
  const options = storeOptions(values);
  await using store = await openExistingStore(options);
  const lock = options.database ? undefined : lockDirectory(options.dataRoot, inUse(options.dataRoot));
  try {
    const dryRun = values['dry-run'] ?? false;
    const policies = values.retention ? await readPolicies(values.retention) : [];
    const accounts = await accountsOf(store, options);
    const found = await store.storage.collect({
      ...collectionOptions(values),
      retention: retentionOf(policies, accounts),
      dryRun,
    });
    if (!found) throw conflict('a server that shares the database is collecting garbage');
    out.write(`${dryRun ? 'would remove' : 'removed'} ${wordsFor(found)}\n`);
    for (const where of found.damaged) out.write(`skipped, because a manifest cannot be read: ${where}\n`);
  } finally {
    lock?.close();
  }
}

/** Repositories may have their own retention rules there; no database is created for this. */
async function accountsOf(store: Store, { database, dataRoot }: StoreOptions): Promise<Accounts | undefined> {
  const isThere = database !== undefined || (await stat(join(dataRoot, DATABASE)).catch(() => undefined));
  return isThere ? new Accounts(await store.database()) : undefined;
}

/** `check`; works with or without a running registry. @returns the exit code: 1 when something is wrong. */
export async function check(flags: Flags, out: Output): Promise<number> {
  const values = flagsOf(flags, 'check', [...STORE_FLAGS, 'deep', 'repair']);
  await using store = await openExistingStore(storeOptions(values));
  let findings = 0;
  const options = { deep: values.deep ?? values.repair ?? false, repair: values.repair ?? false };
  for await (const { where, what } of store.storage.check(options)) {
    findings++;
    out.write(`${where}: ${what}\n`);
  }
  out.write(findings === 0 ? 'no problems found\n' : `${findings} findings\n`);
  return findings === 0 ? 0 : 1;
}

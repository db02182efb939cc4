import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { invalidParameter, notFound } from '../../core/errors.ts';
import { KeyedLock } from '../../core/keyed-lock.ts';
import type { Accounts } from '../accounts/accounts.ts';
import { KeyFile, KeyRow, type RotatingKeySource } from '../auth/key-sources.ts';
import { type Counters, MemoryCounters, SqlCounters } from '../database/counters.ts';
import type { SqlDatabase } from '../database/sql.ts';
import { SqliteDatabase } from '../database/sqlite.ts';
import { ensurePrivateDirectory, ensurePrivateFile, restrictFiles } from '../private-files.ts';
import { openFileSystem } from '../storage/file-system/open.ts';
import { REPOSITORIES } from '../storage/layout.ts';
import type { Locks } from '../storage/locks.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { parseS3Location, type S3Location } from '../storage/s3/location.ts';
import type { FlagValues, STORE_FLAGS } from './flags.ts';
import { dataRootOf } from './values.ts';

/** The locations of a registry's data. */
export interface StoreOptions {
  readonly dataRoot: string;
  /** Location of content outside of the data root. */
  readonly s3?: S3Location;
  /** `postgres://…`: several servers share the store. */
  readonly database?: string;
}

/** @throws BargeError invalid-parameter. */
export function storeOptions(values: FlagValues<(typeof STORE_FLAGS)[number]>): StoreOptions {
  const { storage, database } = values;
  if (database !== undefined && !/^postgres(ql)?:\/\//.test(database)) {
    throw invalidParameter(`invalid --database "${database}": want postgres://HOST/NAME`);
  }
  return {
    dataRoot: dataRootOf(values),
    ...(storage === undefined ? {} : { s3: parseS3Location(storage) }),
    ...(database === undefined ? {} : { database }),
  };
}

/** A registry's opened store. */
export interface Store extends AsyncDisposable {
  readonly storage: ObjectStorage;
  readonly locks: Locks;
  readonly counters: Counters;
  /** Opened on first use. */
  database(): Promise<SqlDatabase>;
  /** @throws when the store is currently unusable. */
  probe(): Promise<void>;
}

type Warn = (error: Error) => void;

/** Opens the store; the packages for PostgreSQL and object storage are loaded on demand. */
export async function openStore(options: StoreOptions, warn: Warn = () => {}): Promise<Store> {
  await using stack = new AsyncDisposableStack();
  await makePrivate(options.dataRoot);
  const database = stack.use(new LazyDatabase(options, warn));
  const locks = options.database ? stack.use(await postgresLocks(options.database, warn)) : new KeyedLock();
  const { storage, probe } = await openContent(options, locks, stack);
  const counters = options.database ? new SqlCounters(await database.open()) : new MemoryCounters();
  const opened = stack.move();
  return {
    storage,
    locks,
    counters,
    database: () => database.open(),
    probe,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Like `openStore`, for commands that must not create a store. @throws BargeError not-found. */
export async function openExistingStore(options: StoreOptions): Promise<Store> {
  if (!options.s3 && !(await stat(options.dataRoot).catch(() => undefined))) {
    throw notFound(`there is no data root ${options.dataRoot}: specify it with --data-root`);
  }
  return await openStore(options);
}

async function openContent({ dataRoot, s3 }: StoreOptions, locks: Locks, stack: AsyncDisposableStack) {
  if (!s3) {
    const storage = await openFileSystem(dataRoot, locks);
    const probe = async () => {
      await access(join(dataRoot, REPOSITORIES), constants.W_OK);
      await storage.probe();
    };
    return { storage, probe };
  }
  const { openS3 } = await import('../storage/s3/open.ts');
  const { storage, bucket } = await openS3(s3, locks);
  stack.defer(() => bucket.close());
  return { storage, probe: () => bucket.probe() };
}

async function postgresLocks(url: string, warn: Warn) {
  const { PostgresLocks } = await import('../database/postgres-locks.ts');
  return new PostgresLocks(url, warn);
}

/** PostgreSQL, or a file in the data root. */
async function openDatabase(
  { database, dataRoot }: StoreOptions,
  warn: Warn = () => {},
): Promise<SqlDatabase> {
  if (database) {
    const { PostgresDatabase } = await import('../database/postgres.ts');
    return await PostgresDatabase.open(database, warn);
  }
  await makePrivate(dataRoot);
  /* SQLite creates its additional files with the mode of the database. */
  await ensurePrivateFile(join(dataRoot, DATABASE));
  return new SqliteDatabase(join(dataRoot, DATABASE));
}

export const DATABASE = 'accounts.db';
/** The database with the additional files of SQLite and Barge. */
const DATABASE_FILES = ['', '-wal', '-shm', '-journal', '-reserve'].map((suffix) => `${DATABASE}${suffix}`);
const KEY_FILE = 'token.key';

/** Protects password hashes and private images, including files that an earlier version left readable. */
async function makePrivate(dataRoot: string): Promise<void> {
  await ensurePrivateDirectory(dataRoot);
  await restrictFiles([...DATABASE_FILES, KEY_FILE].map((name) => join(dataRoot, name)));
}

/** A file in the data root for a single server; several servers share their database's. */
export function keySourceOf({ database, dataRoot }: StoreOptions, accounts: Accounts): RotatingKeySource {
  return database ? new KeyRow(accounts) : new KeyFile(join(dataRoot, KEY_FILE));
}

/** Created on demand, as most registries need none. */
class LazyDatabase implements AsyncDisposable {
  readonly #options: StoreOptions;
  readonly #warn: Warn;
  #opened: Promise<SqlDatabase> | undefined;

  constructor(options: StoreOptions, warn: Warn) {
    this.#options = options;
    this.#warn = warn;
  }

  open(): Promise<SqlDatabase> {
    this.#opened ??= openDatabase(this.#options, this.#warn);
    return this.#opened;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    await opened?.[Symbol.asyncDispose]();
  }
}

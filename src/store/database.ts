import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Reserve } from './reserve.ts';

/**
 * The daemon's metadata: one SQLite file in WAL mode. A committed row survives `kill -9` of the daemon; the
 * WAL is synced at checkpoints. Each step of MIGRATIONS runs once, in order, in a transaction.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE containers (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL,
    definition TEXT NOT NULL, state TEXT NOT NULL
  ) STRICT;
  CREATE TABLE layers (
    diff_id TEXT PRIMARY KEY, folder TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
    blob_digest TEXT, blob_size INTEGER, blob_media_type TEXT
  ) STRICT;
  CREATE TABLE images (
    id TEXT PRIMARY KEY, config TEXT NOT NULL, size INTEGER NOT NULL, added_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE image_layers (
    image_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE, position INTEGER NOT NULL,
    diff_id TEXT NOT NULL REFERENCES layers(diff_id), PRIMARY KEY (image_id, position)
  ) STRICT;
  CREATE INDEX image_layers_by_layer ON image_layers(diff_id);
  CREATE TABLE image_manifests (
    image_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE, digest TEXT NOT NULL,
    media_type TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (image_id, digest)
  ) STRICT;
  CREATE TABLE image_references (
    name TEXT NOT NULL, tag TEXT, digest TEXT, image_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
    tagged_at INTEGER NOT NULL, CHECK ((tag IS NULL) <> (digest IS NULL))
  ) STRICT;
  CREATE UNIQUE INDEX image_references_by_tag ON image_references(name, tag) WHERE tag IS NOT NULL;
  CREATE UNIQUE INDEX image_references_by_digest ON image_references(name, digest) WHERE digest IS NOT NULL;
  CREATE TABLE build_cache (
    key TEXT PRIMARY KEY, layer TEXT, record TEXT NOT NULL, used_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE build_traces (scope TEXT PRIMARY KEY, trace TEXT NOT NULL) STRICT;
  CREATE TABLE volumes (
    name TEXT PRIMARY KEY, created_at INTEGER NOT NULL, labels TEXT NOT NULL, options TEXT NOT NULL
  ) STRICT;
  `,
  /* Networks, of which a container may have several: `attachment` contains a list of endpoints. */
  `
  CREATE TABLE networks (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL, definition TEXT NOT NULL
  ) STRICT;
  UPDATE containers SET state = json_set(state, '$.attachment', json_object(
    'sandbox', state ->> '$.attachment.sandbox',
    'ports', json(coalesce(state -> '$.attachment.ports', '{}')),
    'endpoints', json_array(json_object(
      'id', id, 'network', 'bridge', 'interface', 'eth0',
      'mac', state ->> '$.attachment.endpoint.MacAddress',
      'ipv4', state ->> '$.attachment.endpoint.IPAddress',
      'prefix4', state ->> '$.attachment.endpoint.IPPrefixLen',
      'gateway4', state ->> '$.attachment.endpoint.Gateway',
      'ipv6', '', 'prefix6', 0, 'gateway6', '', 'priority', 0
    ))
  )) WHERE state ->> '$.attachment.sandbox' IS NOT NULL;
  `,
  /* A tag's target where it is more than an image: an index, or a manifest with annotations. */
  `
  ALTER TABLE image_references ADD COLUMN target TEXT;
  CREATE INDEX image_manifests_by_digest ON image_manifests(digest);
  `,
  /* Directories are called that. */
  `
  ALTER TABLE layers RENAME COLUMN folder TO directory;
  UPDATE containers SET definition = json_set(definition, '$.mounts', (
    SELECT json_group_array(json(CASE
      WHEN value -> 'folder' IS NULL THEN value
      ELSE json_set(json_remove(value, '$.folder'), '$.isDirectory', json(value -> 'folder'))
    END)) FROM json_each(definition, '$.mounts')
  )) WHERE definition LIKE '%"folder"%';
  `,
];

type Row = Record<string, string | number | bigint | null | Uint8Array>;

export class Database implements Disposable {
  readonly #sqlite: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #reserve: Reserve | undefined;

  readonly #migrations: readonly string[];

  /** @param path a file, or `:memory:`. @param migrations steps of the schema: the daemon's, unless the database is another program's. */
  constructor(path: string, migrations: readonly string[] = MIGRATIONS) {
    this.#migrations = migrations;
    this.#reserve = path === ':memory:' ? undefined : new Reserve(`${path}-reserve`);
    this.#sqlite = openInLittleRoom(path, this.#reserve);
    this.#migrate();
  }

  #migrate(): void {
    const row = this.#sqlite.prepare('PRAGMA user_version').get();
    for (let version = Number(row?.user_version ?? 0); version < this.#migrations.length; version++) {
      this.transaction(() => {
        this.#sqlite.exec(this.#migrations[version] ?? '');
        this.#sqlite.exec(`PRAGMA user_version = ${version + 1}`);
      });
    }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#sqlite.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Outside of transactions, a full disk releases the reserve: the end of a container must be recorded. */
  run(sql: string, ...values: (string | number | null | Uint8Array)[]): number {
    const statement = this.#prepare(sql);
    const execute = () => Number(statement.run(...values).changes);
    if (this.#sqlite.isTransaction) return execute();
    try {
      return execute();
    } catch (error) {
      if (!isFull(error) || !this.#reserve?.release()) throw error;
      return execute();
    }
  }

  get<T = Row>(sql: string, ...values: (string | number | null)[]): T | undefined {
    return this.#prepare(sql).get(...values) as T | undefined;
  }

  all<T = Row>(sql: string, ...values: (string | number | null)[]): T[] {
    return this.#prepare(sql).all(...values) as T[];
  }

  /** Runs `work` completely or not at all. `work` is synchronous; transactions do not nest. */
  transaction<T>(work: () => T): T {
    this.#sqlite.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#sqlite.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#sqlite.isTransaction) this.#sqlite.exec('ROLLBACK'); /* a full disk has already done so */
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#sqlite.close();
    this.#reserve?.[Symbol.dispose]();
  }
}

/**
 * SQLite needs room to open a database, too: for an index of its log, which processes that share the database share. On a
 * full disk the reserve makes that room; without one, the index is in memory, and the database this process's alone.
 */
function openInLittleRoom(path: string, reserve: Reserve | undefined): DatabaseSync {
  try {
    return open(path);
  } catch (error) {
    if (!lacksRoom(error)) throw error;
  }
  try {
    reserve?.release();
    return open(path);
  } catch (error) {
    if (!lacksRoom(error)) throw error;
    return open(path, 'PRAGMA locking_mode = EXCLUSIVE;');
  }
}

function open(path: string, first = ''): DatabaseSync {
  const sqlite = new DatabaseSync(path);
  try {
    sqlite.exec(
      `${first} PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -2000;`,
    );
    sqlite.prepare('PRAGMA user_version').get();
    return sqlite;
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;

function isFull(error: unknown): boolean {
  return primaryCode(error) === SQLITE_FULL;
}

/** Files of SQLite's own that cannot be made fail in other words. */
function lacksRoom(error: unknown): boolean {
  return [SQLITE_FULL, SQLITE_IOERR, SQLITE_CANTOPEN].includes(primaryCode(error));
}

/** SQLite's code without what it says about details; -1 for another error. */
function primaryCode(error: unknown): number {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : -1;
}

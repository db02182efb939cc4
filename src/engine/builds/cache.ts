import type { BuildCache, BuildTrace, CacheRecord } from '../../builder/cache.ts';
import type { RunningSteps } from '../../builder/execute/running-steps.ts';
import type { Digest } from '../../core/digest.ts';
import type { LayerStore } from '../../image/layers.ts';
import type { Database } from '../../store/database.ts';

interface CacheRow {
  record: string;
}

/** A record with the data that only listings of the cache show. */
interface StoredRecord extends CacheRecord {
  readonly description?: string;
  readonly uses?: number;
}

/** Results of build steps, in the database, by content key. */
export class StoredBuildCache implements BuildCache {
  readonly #db: Database;
  readonly #layers: LayerStore;
  readonly #running: RunningSteps;

  /** @param running shared by the builds of a daemon. */
  constructor(db: Database, layers: LayerStore, running: RunningSteps) {
    this.#db = db;
    this.#layers = layers;
    this.#running = running;
  }

  async get(key: string): Promise<CacheRecord | undefined> {
    const row = this.#db.get<CacheRow>('SELECT record FROM build_cache WHERE key = ?', key);
    if (!row) return undefined;
    const record = JSON.parse(row.record) as StoredRecord;
    if (record.layer && !this.#layers.get(record.layer)) return undefined;
    this.#db.run(
      "UPDATE build_cache SET used_at = ?, record = json_set(record, '$.uses', ?) WHERE key = ?",
      Date.now(),
      (record.uses ?? 0) + 1,
      key,
    );
    return record;
  }

  async put(key: string, record: CacheRecord, description?: string): Promise<void> {
    this.#db.run(
      'INSERT OR REPLACE INTO build_cache (key, layer, record, used_at) VALUES (?, ?, ?, ?)',
      key,
      record.layer ?? null,
      JSON.stringify({ ...record, ...(description === undefined ? {} : { description }) }),
      Date.now(),
    );
  }

  async once(key: string, make: () => Promise<CacheRecord>, signal: AbortSignal) {
    return await this.#running.once(key, make, signal);
  }

  async readTrace(scope: string): Promise<BuildTrace | undefined> {
    const row = this.#db.get<{ trace: string }>('SELECT trace FROM build_traces WHERE scope = ?', scope);
    return row && (JSON.parse(row.trace) as BuildTrace);
  }

  async writeTrace(scope: string, trace: BuildTrace): Promise<void> {
    this.#db.run(
      'INSERT OR REPLACE INTO build_traces (scope, trace) VALUES (?, ?)',
      scope,
      JSON.stringify(trace),
    );
  }
}

/** Layers of cached steps. */
export function cachedLayers(db: Database): string[] {
  return db
    .all<{ layer: string }>('SELECT DISTINCT layer FROM build_cache WHERE layer IS NOT NULL')
    .map(({ layer }) => layer);
}

/** A record as stored in the database. */
interface ListedRecord {
  readonly key: string;
  readonly layer: Digest | undefined;
  readonly record: StoredRecord;
  /** Milliseconds since 1970. */
  readonly usedAt: number;
}

/** Every record, the least recently used first. */
export function listRecords(db: Database): ListedRecord[] {
  return db
    .all<{ key: string; layer: Digest | null; record: string; used_at: number }>(
      'SELECT key, layer, record, used_at FROM build_cache ORDER BY used_at, key',
    )
    .map((row) => ({
      key: row.key,
      layer: row.layer ?? undefined,
      record: JSON.parse(row.record) as StoredRecord,
      usedAt: row.used_at,
    }));
}

export function forgetRecord(db: Database, key: string): void {
  db.run('DELETE FROM build_cache WHERE key = ?', key);
}

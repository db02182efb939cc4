import type { BuildCache, BuildTrace, CacheRecord } from '../../build/cache.ts';
import type { LayerStore } from '../../image/layers.ts';
import type { Database } from '../../store/database.ts';

interface CacheRow {
  record: string;
}

/** What steps of builds gave, in the database, under their content keys. */
export class StoredBuildCache implements BuildCache {
  readonly #db: Database;
  readonly #layers: LayerStore;

  constructor(db: Database, layers: LayerStore) {
    this.#db = db;
    this.#layers = layers;
  }

  async get(key: string): Promise<CacheRecord | undefined> {
    const row = this.#db.get<CacheRow>('SELECT record FROM build_cache WHERE key = ?', key);
    if (!row) return undefined;
    const record = JSON.parse(row.record) as CacheRecord;
    if (record.layer && !this.#layers.get(record.layer)) return undefined;
    this.#db.run('UPDATE build_cache SET used_at = ? WHERE key = ?', Date.now(), key);
    return record;
  }

  async put(key: string, record: CacheRecord): Promise<void> {
    this.#db.run(
      'INSERT OR REPLACE INTO build_cache (key, layer, record, used_at) VALUES (?, ?, ?, ?)',
      key,
      record.layer ?? null,
      JSON.stringify(record),
      Date.now(),
    );
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

/** Layers that cached steps stand for. */
export function cachedLayers(db: Database): string[] {
  return db
    .all<{ layer: string }>('SELECT DISTINCT layer FROM build_cache WHERE layer IS NOT NULL')
    .map(({ layer }) => layer);
}

/** Forgets every cached step. @returns how many there were. */
export function pruneBuildCache(db: Database): number {
  return db.run('DELETE FROM build_cache');
}

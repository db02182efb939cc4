import type { SqlDatabase } from './sql.ts';

interface Count {
  readonly count: number;
  /** Milliseconds since 1970 at which the counter is reset. */
  readonly until: number;
}

/** Counters with an expiry, for limits. */
export interface Counters {
  /** Increments the counter `key`, which expires `window` milliseconds after its first increment. */
  add(key: string, window: number, amount?: number): Promise<Count>;
}

const MAX_KEYS = 100_000;

/** For a single server. */
export class MemoryCounters implements Counters {
  readonly #counts = new Map<string, { count: number; until: number }>();

  async add(key: string, window: number, amount = 1): Promise<Count> {
    const now = Date.now();
    let entry = this.#counts.get(key);
    if (!entry || entry.until <= now) {
      this.#counts.delete(key);
      this.#makeRoom(now);
      entry = { count: 0, until: now + window };
      this.#counts.set(key, entry);
    }
    entry.count += amount;
    return { ...entry };
  }

  #makeRoom(now: number): void {
    if (this.#counts.size < MAX_KEYS) return;
    for (const [key, { until }] of this.#counts) if (until <= now) this.#counts.delete(key);
    const [oldest] = this.#counts.keys();
    if (this.#counts.size >= MAX_KEYS && oldest !== undefined) this.#counts.delete(oldest);
  }
}

/** For several servers, which share the counters. */
export class SqlCounters implements Counters {
  readonly #db: SqlDatabase;

  constructor(db: SqlDatabase) {
    this.#db = db;
  }

  async add(key: string, window: number, amount = 1): Promise<Count> {
    const now = Date.now();
    const row = await this.#db.get<Count>(
      `INSERT INTO counters (key, count, until) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN counters.until <= ? THEN excluded.count ELSE counters.count + excluded.count END,
        until = CASE WHEN counters.until <= ? THEN excluded.until ELSE counters.until END
        RETURNING count, until`,
      key,
      amount,
      now + window,
      now,
      now,
    );
    return row ?? { count: amount, until: now + window };
  }

  /** Removes expired counters. */
  async sweep(): Promise<void> {
    await this.#db.run('DELETE FROM counters WHERE until <= ?', Date.now());
  }
}

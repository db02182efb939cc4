import type { SqlDatabase } from '../database/sql.ts';
import { printable } from '../printable.ts';

interface AuditEntry {
  readonly at: number;
  readonly user: string | null;
  readonly address: string | null;
  readonly action: string;
  readonly target: string;
}

const KEPT = 100_000;
/** Maximum characters of client-supplied text. */
const MAX_TEXT = 1000;

/** The audit log. */
export class AuditLog {
  readonly #db: SqlDatabase;

  constructor(db: SqlDatabase) {
    this.#db = db;
  }

  /** Records an action, with unprintable characters escaped; the newest hundred thousand entries are kept. */
  async note(entry: Omit<AuditEntry, 'at'>): Promise<void> {
    const sql = 'INSERT INTO audit (at, "user", address, action, target) VALUES (?, ?, ?, ?, ?)';
    const text = (value: string | null) => value && printable(value.slice(0, MAX_TEXT));
    const { user, address, action, target } = entry;
    await this.#db.run(sql, Date.now(), text(user), text(address), action, text(target) ?? '');
    await this.#db.run('DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?', KEPT);
  }

  /** Newest first. */
  newest(limit: number): Promise<AuditEntry[]> {
    return this.#db.all<AuditEntry>(
      'SELECT at, "user", address, action, target FROM audit ORDER BY id DESC LIMIT ?',
      limit,
    );
  }
}

import type { Database, Row } from '../../store/database.ts';

export interface AuditEntry {
  readonly at: number;
  readonly user: string | null;
  readonly address: string | null;
  readonly action: string;
  readonly target: string;
}

const KEPT = 100_000;

/** Who did what. */
export class AuditLog {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Writes down who did what; the newest hundred thousand entries are kept. */
  note(entry: Omit<AuditEntry, 'at'>): void {
    const sql = 'INSERT INTO audit (at, user, address, action, target) VALUES (?, ?, ?, ?, ?)';
    this.#db.run(sql, Date.now(), entry.user, entry.address, entry.action, entry.target);
    this.#db.run('DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?', KEPT);
  }

  /** Newest first. */
  newest(limit: number): AuditEntry[] {
    return this.#db.all<AuditEntry & Row>(
      'SELECT at, user, address, action, target FROM audit ORDER BY id DESC LIMIT ?',
      limit,
    );
  }
}

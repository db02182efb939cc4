export type SqlValue = string | number | null;

/**
 * What the registry knows besides content: SQLite for one server, PostgreSQL for several. Statements are in the
 * SQL that both understand, with `?` for values; each is a transaction of its own.
 */
export interface SqlDatabase extends AsyncDisposable {
  /** @returns how many rows were changed. */
  run(sql: string, ...values: readonly SqlValue[]): Promise<number>;
  /** The first row. */
  get<T>(sql: string, ...values: readonly SqlValue[]): Promise<T | undefined>;
  all<T>(sql: string, ...values: readonly SqlValue[]): Promise<T[]>;
}

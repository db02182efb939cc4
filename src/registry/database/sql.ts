export type SqlValue = string | number | null;

/**
 * The registry's data other than content: SQLite for one server, PostgreSQL for several. Statements are in the
 * SQL that both support, with `?` for values; each is a separate transaction.
 */
export interface SqlDatabase extends AsyncDisposable {
  /** @returns the number of changed rows. */
  run(sql: string, ...values: readonly SqlValue[]): Promise<number>;
  /** The first row. */
  get<T>(sql: string, ...values: readonly SqlValue[]): Promise<T | undefined>;
  all<T>(sql: string, ...values: readonly SqlValue[]): Promise<T[]>;
}

import { Database } from '../../store/database.ts';
import { REGISTRY_MIGRATIONS } from './schema.ts';
import type { SqlDatabase, SqlValue } from './sql.ts';

/** One file, which several processes of one machine may use concurrently; or `:memory:`. */
export class SqliteDatabase implements SqlDatabase {
  readonly #db: Database;

  constructor(path: string) {
    this.#db = new Database(path, REGISTRY_MIGRATIONS);
  }

  async run(sql: string, ...values: readonly SqlValue[]): Promise<number> {
    return this.#db.run(sql, ...values);
  }

  async get<T>(sql: string, ...values: readonly SqlValue[]): Promise<T | undefined> {
    return this.#db.get<T>(sql, ...values);
  }

  async all<T>(sql: string, ...values: readonly SqlValue[]): Promise<T[]> {
    return this.#db.all<T>(sql, ...values);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#db[Symbol.dispose]();
  }
}

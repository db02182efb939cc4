import pg from 'pg';
import { errnoOf, systemError, unavailable } from '../../core/errors.ts';
import { failsElsewhere } from '../../core/streams.ts';
import { postgresSteps } from './schema.ts';
import type { SqlDatabase, SqlValue } from './sql.ts';

const CONNECTIONS = 10;
const CONNECT_TIMEOUT = 10_000;
const STATEMENT_TIMEOUT = 30_000;
/** An arbitrary lock number, the same for all servers, so that only one changes the schema at a time. */
const SCHEMA_LOCK = 0x62_61_72_67;
/** The type of 64-bit integers, which are returned as text by default; ours are below 2^53. */
const INT8 = 20;

export const postgresOptions = (url: string): pg.ClientConfig => ({
  connectionString: url,
  application_name: 'barge-registry',
  connectionTimeoutMillis: CONNECT_TIMEOUT,
  keepAlive: true,
  types: {
    getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
      oid === INT8 ? Number : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
  },
});

/** A database that several servers share. */
export class PostgresDatabase implements SqlDatabase {
  readonly #pool: pg.Pool;
  readonly #texts = new Map<string, string>();

  private constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /**
   * Connects and brings the schema up to date.
   * @param onLost called when an idle connection breaks; new connections are opened on demand.
   * @throws BargeError system when the database cannot be reached.
   */
  static async open(url: string, onLost: (error: Error) => void): Promise<PostgresDatabase> {
    const options = { ...postgresOptions(url), max: CONNECTIONS, statement_timeout: STATEMENT_TIMEOUT };
    const pool = new pg.Pool(options);
    pool.on('error', onLost);
    try {
      await migrate(pool);
    } catch (error) {
      await pool.end();
      throw systemError(`opening the database failed: ${(error as Error).message}`, { cause: error });
    }
    return new PostgresDatabase(pool);
  }

  async run(sql: string, ...values: readonly SqlValue[]): Promise<number> {
    return (await this.#query(sql, values)).rowCount ?? 0;
  }

  async get<T>(sql: string, ...values: readonly SqlValue[]): Promise<T | undefined> {
    return (await this.#query(sql, values)).rows[0] as T | undefined;
  }

  async all<T>(sql: string, ...values: readonly SqlValue[]): Promise<T[]> {
    return (await this.#query(sql, values)).rows as T[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }

  #query(sql: string, values: readonly SqlValue[]): Promise<pg.QueryResult> {
    let text = this.#texts.get(sql);
    if (text === undefined) {
      let count = 0;
      text = sql.replaceAll('?', () => `$${++count}`);
      this.#texts.set(sql, text);
    }
    return this.#response(text, values);
  }

  /** @throws BargeError unavailable when no connection can be opened. */
  async #response(text: string, values: readonly SqlValue[]): Promise<pg.QueryResult> {
    try {
      return await this.#pool.query(text, [...values]);
    } catch (error) {
      if (!isOutage(error)) throw error;
      throw unavailable('the database did not respond', { cause: error });
    }
  }
}

/** Failures of connections, and of a server that is starting, stopping or overloaded: SQLSTATE classes 08, 53 and 57. */
function isOutage(error: unknown): boolean {
  const code = errnoOf(error);
  return code === undefined || /^(08|53|57|E[A-Z]+$)/.test(code);
}

async function migrate(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  /* The current or the next query reports the failure. */
  failsElsewhere(client);
  try {
    await client.query('SELECT pg_advisory_lock($1)', [SCHEMA_LOCK]);
    await client.query('CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)');
    const { rows } = await client.query('SELECT coalesce(max(version), 0) AS version FROM schema_version');
    for (const [index, step] of postgresSteps().entries()) {
      if (index < Number(rows[0].version)) continue;
      await client.query(`BEGIN; ${step}; INSERT INTO schema_version VALUES (${index + 1}); COMMIT`);
    }
  } finally {
    /* The lock is released with the session. */
    client.release(true);
  }
}

import { randomBytes } from 'node:crypto';
import { digestOf } from '../../core/digest.ts';
import { notFound } from '../../core/errors.ts';
import type { SqlDatabase } from '../database/sql.ts';
import { lower, parseRole, type Role } from './roles.ts';

export interface PersonalToken {
  readonly id: string;
  readonly user: string;
  readonly description: string;
  /** The token's maximum role, regardless of the user's. */
  readonly role: Exclude<Role, 'none'>;
  /** Only repositories that are or begin with one of these (`team/` or `team/app`); empty: all repositories of its user. */
  readonly repositories: readonly string[];
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly usedAt: number | null;
}

const TOKEN_PREFIX = 'brg_';
/** Resolution of the recorded last use, in milliseconds. */
const USE_PRECISION = 60_000;

/** Personal access tokens: each replaces its user's password, and only its hash is stored. */
export class PersonalTokens {
  readonly #db: SqlDatabase;

  constructor(db: SqlDatabase) {
    this.#db = db;
  }

  /**
   * Creates a personal access token.
   * @param expiresAt milliseconds since 1970; null: never.
   * @returns its text, which is not stored.
   */
  async create(
    user: string,
    request: {
      readonly description?: string;
      readonly role?: Exclude<Role, 'none'>;
      readonly repositories?: readonly string[];
      readonly expiresAt?: number | null;
    },
  ): Promise<{ readonly id: string; readonly token: string }> {
    if (!(await this.#db.get('SELECT 1 AS there FROM users WHERE name = ?', user)))
      throw notFound(`there is no user ${user}`);
    const id = randomBytes(6).toString('hex');
    const token = `${TOKEN_PREFIX}${randomBytes(24).toString('base64url')}`;
    await this.#db.run(
      'INSERT INTO tokens (id, "user", hash, description, role, repositories, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      id,
      user,
      digestOf(token),
      request.description ?? '',
      request.role ?? 'push',
      JSON.stringify(request.repositories ?? []),
      Date.now(),
      request.expiresAt ?? null,
    );
    return { id, token };
  }

  /** The token with this text, if it is still valid; records its use. */
  async use(text: string): Promise<PersonalToken | undefined> {
    if (!text.startsWith(TOKEN_PREFIX)) return undefined;
    const row = await this.#usable('hash', digestOf(text));
    if (!row) return undefined;
    if (Date.now() - (row.used_at ?? 0) > USE_PRECISION) {
      await this.#db.run('UPDATE tokens SET used_at = ? WHERE id = ?', Date.now(), row.id);
    }
    return tokenOf(row);
  }

  /** The token with this id, if it is still valid. */
  async find(id: string): Promise<PersonalToken | undefined> {
    const row = await this.#usable('id', id);
    return row && tokenOf(row);
  }

  async #usable(column: 'hash' | 'id', value: string): Promise<TokenRow | undefined> {
    const row = await this.#db.get<TokenRow>(`SELECT * FROM tokens WHERE ${column} = ?`, value);
    if (!row || (row.expires_at !== null && row.expires_at <= Date.now())) return undefined;
    const sql = 'SELECT disabled FROM users WHERE name = ?';
    const owner = await this.#db.get<{ disabled: number }>(sql, row.user);
    return owner?.disabled === 0 ? row : undefined;
  }

  async list(user?: string): Promise<PersonalToken[]> {
    const rows = user
      ? await this.#db.all<TokenRow>('SELECT * FROM tokens WHERE "user" = ? ORDER BY created_at', user)
      : await this.#db.all<TokenRow>('SELECT * FROM tokens ORDER BY "user", created_at');
    return rows.map(tokenOf);
  }

  /** @param user only a token of this user; undefined: of any user. */
  async remove(id: string, user?: string): Promise<void> {
    const removed = user
      ? await this.#db.run('DELETE FROM tokens WHERE id = ? AND "user" = ?', id, user)
      : await this.#db.run('DELETE FROM tokens WHERE id = ?', id);
    if (removed === 0) throw notFound(`there is no token ${id}`);
  }
}

interface TokenRow {
  readonly id: string;
  readonly user: string;
  readonly description: string;
  readonly role: Exclude<Role, 'none'>;
  readonly repositories: string;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly used_at: number | null;
}

function tokenOf(row: TokenRow): PersonalToken {
  const { id, user, description, role } = row;
  const { created_at: createdAt, expires_at: expiresAt, used_at: usedAt } = row;
  const repositories = JSON.parse(row.repositories) as string[];
  return { id, user, description, role: parseRole(role), repositories, createdAt, expiresAt, usedAt };
}

/** The role that a token permits its user. */
export function roleOfToken(token: PersonalToken, role: Role, repository: string): Role {
  const covers = (entry: string) =>
    repository === entry || (entry.endsWith('/') && repository.startsWith(entry));
  if (token.repositories.length > 0 && !token.repositories.some(covers)) return 'none';
  return lower(token.role, role);
}

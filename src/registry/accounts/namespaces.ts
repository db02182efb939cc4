import { notFound } from '../../core/errors.ts';
import type { SqlDatabase } from '../database/sql.ts';
import type { Role } from './roles.ts';

/** The first component of repository names. */
interface Namespace {
  readonly name: string;
  /** null: owned by the administrators. */
  readonly owner: string | null;
  /** The owning account was removed; only administrators have access to its repositories until they reassign it. */
  readonly orphaned: boolean;
}

interface OwnerRow {
  readonly owner: string | null;
}

const SELECT_OWNER = 'SELECT owner FROM namespaces WHERE name = ?';

/**
 * Owners of repositories: the first component of a name belongs to the id of a user or an organisation, and continues to belong
 * to that id when the account is removed and another account gets its name.
 */
export class Namespaces {
  readonly #db: SqlDatabase;
  /** Names that are known to be marked as used, which is permanent. */
  readonly #used = new Set<string>();

  constructor(db: SqlDatabase) {
    this.#db = db;
  }

  /** Assigns the namespace of its name to a new account, unless it already has an owner or repositories. */
  async claim(name: string, id: string): Promise<void> {
    const sql = 'INSERT INTO namespaces (name, owner, used) VALUES (?, ?, 0) ON CONFLICT DO NOTHING';
    await this.#db.run(sql, name, id);
  }

  async isTaken(name: string): Promise<boolean> {
    return (await this.#db.get(SELECT_OWNER, name)) !== undefined;
  }

  /** Records that there are, or soon will be, repositories below a name, which fixes its current owner. */
  async use(repository: string): Promise<void> {
    const name = firstPart(repository);
    if (this.#used.has(name)) return;
    const sql =
      'INSERT INTO namespaces (name, owner, used) VALUES (?, NULL, 1) ON CONFLICT (name) DO UPDATE SET used = 1';
    await this.#db.run(sql, name);
    if (this.#used.size > 10_000) this.#used.clear();
    this.#used.add(name);
  }

  /** Records the names that have repositories, regardless of who pushed them. */
  async useAll(names: readonly string[]): Promise<void> {
    for (const name of names) await this.use(name);
  }

  /** To be called after an account was removed. Namespaces with repositories remain assigned to its id. */
  async release(id: string): Promise<void> {
    await this.#db.run('DELETE FROM namespaces WHERE owner = ? AND used = 0', id);
  }

  /** The id of the account that owns a repository; undefined when the administrators own it. */
  async ownerOf(repository: string): Promise<string | undefined> {
    if (!repository.includes('/')) return undefined;
    return (await this.#db.get<OwnerRow>(SELECT_OWNER, firstPart(repository)))?.owner ?? undefined;
  }

  async ownedBy(id: string): Promise<string[]> {
    const sql = 'SELECT name FROM namespaces WHERE owner = ? ORDER BY name';
    return (await this.#db.all<{ name: string }>(sql, id)).map(({ name }) => name);
  }

  /** The role that a user has as a member of the organisation with this id. */
  async roleAsMember(id: string, user: string): Promise<Role> {
    const sql =
      'SELECT m.role AS role FROM members m JOIN organisations o ON o.name = m.organisation WHERE o.id = ? AND m."user" = ?';
    return (await this.#db.get<{ role: Role }>(sql, id, user))?.role ?? 'none';
  }

  async list(): Promise<Namespace[]> {
    const sql = `SELECT n.name AS name, n.owner AS id, coalesce(u.name, o.name) AS owner FROM namespaces n
      LEFT JOIN users u ON u.id = n.owner LEFT JOIN organisations o ON o.id = n.owner ORDER BY n.name`;
    const rows = await this.#db.all<{ name: string; id: string | null; owner: string | null }>(sql);
    return rows.map(({ name, id, owner }) => ({ name, owner, orphaned: id !== null && owner === null }));
  }

  /**
   * Transfers all repositories below a name to an account.
   * @param account the name of a user or an organisation; undefined: the administrators.
   * @throws BargeError not-found.
   */
  async give(name: string, account: string | undefined): Promise<void> {
    if (!(await this.isTaken(name))) throw notFound(`there is no namespace ${name}`);
    const id = account === undefined ? null : await this.#idOf(account);
    await this.#db.run('UPDATE namespaces SET owner = ? WHERE name = ?', id, name);
  }

  async #idOf(account: string): Promise<string> {
    const sql =
      'SELECT id FROM users WHERE name = ? UNION ALL SELECT id FROM organisations WHERE name = ? LIMIT 1';
    const row = await this.#db.get<{ id: string }>(sql, account, account);
    if (!row) throw notFound(`there is no user or organisation ${account}`);
    return row.id;
  }
}

const firstPart = (repository: string): string => repository.split('/')[0] ?? '';

import { randomBytes } from 'node:crypto';
import { conflict, invalidParameter, notFound } from '../../core/errors.ts';
import { isRepositoryPath } from '../../core/reference.ts';
import { Database } from '../../store/database.ts';
import { hashPassword } from '../auth/passwords.ts';
import { AuditLog } from './audit.ts';
import { higher, type Role } from './roles.ts';
import { REGISTRY_MIGRATIONS } from './schema.ts';
import { PersonalTokens } from './tokens.ts';

export interface User {
  readonly name: string;
  readonly admin: boolean;
  readonly disabled: boolean;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export interface RepositorySettings {
  readonly public: boolean;
  /** A tag that exists cannot be moved. */
  readonly immutableTags: boolean;
}

/** One part of a repository's name: users and organisations own what begins with theirs. */
const NAME = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/** Users, organisations, their repositories and tokens, in one SQLite file that several processes may use at once. */
export class Accounts implements Disposable {
  readonly tokens: PersonalTokens;
  readonly audit: AuditLog;
  readonly #db: Database;

  /** @param path a file, or `:memory:`. */
  constructor(path: string) {
    this.#db = new Database(path, REGISTRY_MIGRATIONS);
    this.tokens = new PersonalTokens(this.#db);
    this.audit = new AuditLog(this.#db);
  }

  [Symbol.dispose](): void {
    this.#db[Symbol.dispose]();
  }

  users(): User[] {
    return this.#db.all<UserRow>('SELECT * FROM users ORDER BY name').map(userOf);
  }

  user(name: string): User | undefined {
    const row = this.#db.get<UserRow>('SELECT * FROM users WHERE name = ?', name);
    return row && userOf(row);
  }

  /** @throws BargeError invalid-parameter for a name or password that cannot be, conflict for a name in use. */
  async addUser(name: string, password: string, options: { readonly admin?: boolean } = {}): Promise<void> {
    this.#assertNameFree(name);
    this.addUserWithHash(name, await hashPassword(password), options);
  }

  /** For hashes that come from an htpasswd file. */
  addUserWithHash(name: string, hash: string, { admin = false }: { readonly admin?: boolean } = {}): void {
    this.#assertNameFree(name);
    const sql = 'INSERT INTO users (name, password, admin, created_at) VALUES (?, ?, ?, ?)';
    this.#db.run(sql, name, hash, Number(admin), Date.now());
  }

  async setPassword(name: string, password: string): Promise<void> {
    this.#assertUser(name);
    this.#db.run('UPDATE users SET password = ? WHERE name = ?', await hashPassword(password), name);
  }

  updateUser(name: string, change: { readonly admin?: boolean; readonly disabled?: boolean }): void {
    this.#assertUser(name);
    const { admin, disabled } = change;
    if (admin !== undefined) this.#db.run('UPDATE users SET admin = ? WHERE name = ?', Number(admin), name);
    if (disabled !== undefined)
      this.#db.run('UPDATE users SET disabled = ? WHERE name = ?', Number(disabled), name);
  }

  removeUser(name: string): void {
    this.#assertUser(name);
    this.#db.run('DELETE FROM users WHERE name = ?', name);
  }

  /** The bcrypt hash of a user who may sign in. */
  passwordHash(name: string): string | undefined {
    const sql = 'SELECT password FROM users WHERE name = ? AND disabled = 0';
    return this.#db.get<{ password: string }>(sql, name)?.password;
  }

  organisations(): { readonly name: string; readonly members: Readonly<Record<string, Role>> }[] {
    const names = this.#db.all<{ name: string }>('SELECT name FROM organisations ORDER BY name');
    return names.map(({ name }) => ({ name, members: this.#members(name) }));
  }

  addOrganisation(name: string): void {
    this.#assertNameFree(name);
    this.#db.run('INSERT INTO organisations (name, created_at) VALUES (?, ?)', name, Date.now());
  }

  removeOrganisation(name: string): void {
    if (this.#db.run('DELETE FROM organisations WHERE name = ?', name) === 0) throw noOrganisation(name);
  }

  /** @param bytes undefined: as many as there are. @throws BargeError not-found for what is no user and no organisation. */
  setQuota(owner: string, bytes: number | undefined): void {
    const table = this.user(owner) ? 'users' : this.#isOrganisation(owner) ? 'organisations' : undefined;
    if (!table) throw notFound(`there is no user or organisation ${owner}`);
    this.#db.run(`UPDATE ${table} SET quota = ? WHERE name = ?`, bytes ?? null, owner);
  }

  /** Bytes that a user or an organisation may fill. */
  quotaOf(repository: string): number | undefined {
    const [owner = ''] = repository.split('/');
    const sql =
      'SELECT quota FROM users WHERE name = ? UNION ALL SELECT quota FROM organisations WHERE name = ?';
    return this.#db.get<{ quota: number | null }>(sql, owner, owner)?.quota ?? undefined;
  }

  /** @param role undefined: ends the membership. */
  setMember(organisation: string, user: string, role: Exclude<Role, 'none'> | undefined): void {
    if (!this.#isOrganisation(organisation)) throw noOrganisation(organisation);
    this.#assertUser(user);
    if (role === undefined) {
      this.#db.run('DELETE FROM members WHERE organisation = ? AND user = ?', organisation, user);
      return;
    }
    const sql = 'INSERT INTO members VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET role = excluded.role';
    this.#db.run(sql, organisation, user, role);
  }

  memberRole(organisation: string, user: string): Role {
    const sql = 'SELECT role FROM members WHERE organisation = ? AND user = ?';
    return this.#db.get<{ role: Role }>(sql, organisation, user)?.role ?? 'none';
  }

  settings(repository: string): RepositorySettings {
    const sql = 'SELECT public, immutable_tags FROM repositories WHERE name = ?';
    const row = this.#db.get<{ public: number; immutable_tags: number }>(sql, repository);
    return { public: row?.public === 1, immutableTags: row?.immutable_tags === 1 };
  }

  changeSettings(repository: string, change: Partial<RepositorySettings>): void {
    assertRepository(repository);
    const { public: isPublic, immutableTags } = { ...this.settings(repository), ...change };
    this.#db.run(
      'INSERT INTO repositories VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET public = excluded.public, immutable_tags = excluded.immutable_tags',
      repository,
      Number(isPublic),
      Number(immutableTags),
    );
  }

  /** @param role undefined: takes the grant back. */
  grant(repository: string, user: string, role: Exclude<Role, 'none'> | undefined): void {
    assertRepository(repository);
    this.#assertUser(user);
    if (role === undefined) {
      this.#db.run('DELETE FROM grants WHERE repository = ? AND user = ?', repository, user);
      return;
    }
    const sql = 'INSERT INTO grants VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET role = excluded.role';
    this.#db.run(sql, repository, user, role);
  }

  grants(repository: string): Record<string, Role> {
    const sql = 'SELECT user, role FROM grants WHERE repository = ? ORDER BY user';
    const rows = this.#db.all<{ user: string; role: Role }>(sql, repository);
    return Object.fromEntries(rows.map(({ user, role }) => [user, role]));
  }

  /** What somebody may do with a repository; `user` undefined: anybody. */
  roleOf(user: string | undefined, repository: string): Role {
    const open: Role = this.settings(repository).public ? 'pull' : 'none';
    const found = user === undefined ? undefined : this.user(user);
    if (!found || found.disabled) return open;
    if (found.admin) return 'admin';
    const [owner = '', ...rest] = repository.split('/');
    if (rest.length > 0 && owner === found.name) return 'admin';
    const member = rest.length > 0 ? this.memberRole(owner, found.name) : 'none';
    return higher(open, higher(member, this.grants(repository)[found.name] ?? 'none'));
  }

  /** A secret that is made when it is first asked for, the same for every process on this database. */
  secret(name: string): Buffer {
    this.#db.run('INSERT OR IGNORE INTO secrets VALUES (?, ?)', name, randomBytes(32).toString('base64'));
    const row = this.#db.get<{ value: string }>('SELECT value FROM secrets WHERE name = ?', name);
    return Buffer.from(row?.value ?? '', 'base64');
  }

  #members(organisation: string): Record<string, Role> {
    const sql = 'SELECT user, role FROM members WHERE organisation = ? ORDER BY user';
    const rows = this.#db.all<{ user: string; role: Role }>(sql, organisation);
    return Object.fromEntries(rows.map(({ user, role }) => [user, role]));
  }

  #isOrganisation(name: string): boolean {
    return this.#db.get('SELECT 1 AS there FROM organisations WHERE name = ?', name) !== undefined;
  }

  #assertUser(name: string): void {
    if (!this.user(name)) throw notFound(`there is no user ${name}`);
  }

  /** Users and organisations share one space of names. */
  #assertNameFree(name: string): void {
    if (!NAME.test(name) || name.length > 64) {
      throw invalidParameter(
        `invalid name "${name}": want up to 64 small letters and digits, with single . _ or - between them`,
      );
    }
    if (this.user(name) || this.#isOrganisation(name)) throw conflict(`the name ${name} is in use`);
  }
}

interface UserRow {
  readonly name: string;
  readonly admin: number;
  readonly disabled: number;
  readonly created_at: number;
}

const userOf = ({ name, admin, disabled, created_at: createdAt }: UserRow): User => ({
  name,
  admin: admin === 1,
  disabled: disabled === 1,
  createdAt,
});

function assertRepository(name: string): void {
  if (!isRepositoryPath(name)) throw invalidParameter(`invalid repository name "${name}"`);
}

const noOrganisation = (name: string) => notFound(`there is no organisation ${name}`);

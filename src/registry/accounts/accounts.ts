import { randomBytes } from 'node:crypto';
import { conflict, invalidParameter, notFound } from '../../core/errors.ts';
import { isRepositoryPath } from '../../core/reference.ts';
import { hashPassword } from '../auth/passwords.ts';
import type { SqlDatabase } from '../database/sql.ts';
import type { Quota } from '../quotas.ts';
import { parseRule, type RetentionRule } from '../retention.ts';
import { AuditLog } from './audit.ts';
import { Namespaces } from './namespaces.ts';
import { higher, type Role } from './roles.ts';
import { PersonalTokens } from './tokens.ts';

export interface User {
  /** Never reused for another account, unlike the name. */
  readonly id: string;
  readonly name: string;
  readonly admin: boolean;
  readonly disabled: boolean;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

interface RepositorySettings {
  readonly public: boolean;
  /** Existing tags cannot be moved. */
  readonly immutableTags: boolean;
  /** Rules for the tags to keep; without any, all are kept. */
  readonly retention: readonly RetentionRule[];
}

/** One component of a repository's name: users and organisations own the repositories whose name begins with theirs. */
const NAME = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/** Users, organisations, their repositories and tokens. */
export class Accounts {
  readonly tokens: PersonalTokens;
  readonly audit: AuditLog;
  readonly namespaces: Namespaces;
  readonly #db: SqlDatabase;

  constructor(db: SqlDatabase) {
    this.#db = db;
    this.tokens = new PersonalTokens(db);
    this.audit = new AuditLog(db);
    this.namespaces = new Namespaces(db);
  }

  async users(): Promise<User[]> {
    return (await this.#db.all<UserRow>('SELECT * FROM users ORDER BY name')).map(userOf);
  }

  async user(name: string): Promise<User | undefined> {
    const row = await this.#db.get<UserRow>('SELECT * FROM users WHERE name = ?', name);
    return row && userOf(row);
  }

  /** @throws BargeError invalid-parameter for an invalid name or password, conflict for a name in use. */
  async addUser(name: string, password: string, options: { readonly admin?: boolean } = {}): Promise<void> {
    await this.#assertNameFree(name);
    await this.addUserWithHash(name, await hashPassword(password), options);
  }

  /** For hashes from an htpasswd file. */
  async addUserWithHash(
    name: string,
    hash: string,
    { admin = false }: { readonly admin?: boolean } = {},
  ): Promise<void> {
    await this.#assertNameFree(name);
    const id = newId();
    const sql =
      'INSERT INTO users (id, name, password, admin, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING';
    const added = await this.#db.run(sql, id, name, hash, Number(admin), Date.now());
    if (added === 0) throw nameInUse(name);
    await this.namespaces.claim(name, id);
  }

  /** Self-registration: unlike an administrator, a visitor cannot get a name that already has repositories. */
  async register(name: string, password: string): Promise<void> {
    await this.#assertNameFree(name);
    if (await this.namespaces.isTaken(name)) throw nameInUse(name);
    await this.addUser(name, password);
  }

  async setPassword(name: string, password: string): Promise<void> {
    await this.#assertUser(name);
    await this.#db.run('UPDATE users SET password = ? WHERE name = ?', await hashPassword(password), name);
  }

  async updateUser(
    name: string,
    { admin, disabled }: { readonly admin?: boolean; readonly disabled?: boolean },
  ): Promise<void> {
    await this.#assertUser(name);
    const set = (column: string, value: boolean) =>
      this.#db.run(`UPDATE users SET ${column} = ? WHERE name = ?`, Number(value), name);
    if (admin !== undefined) await set('admin', admin);
    if (disabled !== undefined) await set('disabled', disabled);
  }

  /** The user's repositories remain, orphaned; see `Namespaces`. */
  async removeUser(name: string): Promise<void> {
    const { id } = await this.#assertUser(name);
    await this.#db.run('DELETE FROM users WHERE id = ?', id);
    await this.namespaces.release(id);
  }

  /** The bcrypt hash of a user who may sign in. */
  async passwordHash(name: string): Promise<string | undefined> {
    const sql = 'SELECT password FROM users WHERE name = ? AND disabled = 0';
    return (await this.#db.get<{ password: string }>(sql, name))?.password;
  }

  /** The highest bcrypt cost among all passwords; undefined while there are no users. */
  async highestPasswordCost(): Promise<number | undefined> {
    const sql = 'SELECT max(substr(password, 5, 2)) AS cost FROM users';
    const cost = (await this.#db.get<{ cost: string | null }>(sql))?.cost;
    return cost ? Number(cost) : undefined;
  }

  async organisations(): Promise<Organisation[]> {
    const sql =
      'SELECT name, m."user" AS member, m.role AS role FROM organisations LEFT JOIN members m ON m.organisation = name ORDER BY name, m."user"';
    const rows = await this.#db.all<{ name: string; member: string | null; role: Role }>(sql);
    return [...Map.groupBy(rows, ({ name }) => name)].map(([name, members]) => ({
      name,
      members: Object.fromEntries(
        members.flatMap(({ member, role }) => (member === null ? [] : [[member, role]])),
      ),
    }));
  }

  async addOrganisation(name: string): Promise<void> {
    await this.#assertNameFree(name);
    const id = newId();
    const sql = 'INSERT INTO organisations (id, name, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING';
    if ((await this.#db.run(sql, id, name, Date.now())) === 0) throw nameInUse(name);
    await this.namespaces.claim(name, id);
  }

  /** As for users, its repositories remain. */
  async removeOrganisation(name: string): Promise<void> {
    const sql = 'SELECT id FROM organisations WHERE name = ?';
    const found = await this.#db.get<{ id: string }>(sql, name);
    if (!found) throw noOrganisation(name);
    await this.#db.run('DELETE FROM organisations WHERE id = ?', found.id);
    await this.namespaces.release(found.id);
  }

  /** @param bytes undefined: no limit. @throws BargeError not-found unless `owner` is a user or an organisation. */
  async setQuota(owner: string, bytes: number | undefined): Promise<void> {
    const table = (await this.user(owner))
      ? 'users'
      : (await this.#isOrganisation(owner))
        ? 'organisations'
        : undefined;
    if (!table) throw notFound(`there is no user or organisation ${owner}`);
    await this.#db.run(`UPDATE ${table} SET quota = ? WHERE name = ?`, bytes ?? null, owner);
  }

  /** Maximum bytes of a user or an organisation; undefined: no limit. */
  async quotaOf(owner: string): Promise<number | undefined> {
    const sql =
      'SELECT quota FROM users WHERE name = ? UNION ALL SELECT quota FROM organisations WHERE name = ?';
    return (await this.#db.get<{ quota: number | null }>(sql, owner, owner))?.quota ?? undefined;
  }

  /** The quota of this repository's owner, if there is one. */
  async quotaFor(repository: string): Promise<Quota | undefined> {
    const id = await this.namespaces.ownerOf(repository);
    if (id === undefined) return undefined;
    const sql =
      'SELECT name, quota FROM users WHERE id = ? UNION ALL SELECT name, quota FROM organisations WHERE id = ?';
    const found = await this.#db.get<{ name: string; quota: number | null }>(sql, id, id);
    if (!found || found.quota === null) return undefined;
    return { owner: found.name, bytes: found.quota, namespaces: await this.namespaces.ownedBy(id) };
  }

  /** @param role undefined: ends the membership. */
  async setMember(
    organisation: string,
    user: string,
    role: Exclude<Role, 'none'> | undefined,
  ): Promise<void> {
    if (!(await this.#isOrganisation(organisation))) throw noOrganisation(organisation);
    await this.#assertUser(user);
    if (role === undefined) {
      await this.#db.run('DELETE FROM members WHERE organisation = ? AND "user" = ?', organisation, user);
      return;
    }
    const sql =
      'INSERT INTO members VALUES (?, ?, ?) ON CONFLICT (organisation, "user") DO UPDATE SET role = excluded.role';
    await this.#db.run(sql, organisation, user, role);
  }

  async memberRole(organisation: string, user: string): Promise<Role> {
    const sql = 'SELECT role FROM members WHERE organisation = ? AND "user" = ?';
    return (await this.#db.get<{ role: Role }>(sql, organisation, user))?.role ?? 'none';
  }

  async settings(repository: string): Promise<RepositorySettings> {
    const sql = 'SELECT public, immutable_tags, retention FROM repositories WHERE name = ?';
    const row = await this.#db.get<SettingsRow>(sql, repository);
    const retention = JSON.parse(row?.retention ?? '[]') as RetentionRule[];
    return { public: row?.public === 1, immutableTags: row?.immutable_tags === 1, retention };
  }

  async changeSettings(repository: string, change: Partial<RepositorySettings>): Promise<void> {
    assertRepository(repository);
    for (const rule of change.retention ?? []) parseRule(rule);
    await this.namespaces.use(repository);
    const {
      public: isPublic,
      immutableTags,
      retention,
    } = { ...(await this.settings(repository)), ...change };
    await this.#db.run(
      `INSERT INTO repositories (name, public, immutable_tags, retention) VALUES (?, ?, ?, ?)
        ON CONFLICT (name) DO UPDATE SET public = excluded.public, immutable_tags = excluded.immutable_tags,
        retention = excluded.retention`,
      repository,
      Number(isPublic),
      Number(immutableTags),
      retention.length > 0 ? JSON.stringify(retention) : null,
    );
  }

  /** @param role undefined: revokes the grant. */
  async grant(repository: string, user: string, role: Exclude<Role, 'none'> | undefined): Promise<void> {
    assertRepository(repository);
    await this.#assertUser(user);
    await this.namespaces.use(repository);
    if (role === undefined) {
      await this.#db.run('DELETE FROM grants WHERE repository = ? AND "user" = ?', repository, user);
      return;
    }
    const sql =
      'INSERT INTO grants VALUES (?, ?, ?) ON CONFLICT (repository, "user") DO UPDATE SET role = excluded.role';
    await this.#db.run(sql, repository, user, role);
  }

  async grants(repository: string): Promise<Record<string, Role>> {
    const sql = 'SELECT "user", role FROM grants WHERE repository = ? ORDER BY "user"';
    const rows = await this.#db.all<{ user: string; role: Role }>(sql, repository);
    return Object.fromEntries(rows.map(({ user, role }) => [user, role]));
  }

  /** The role of a user in a repository; `user` undefined: an anonymous one. */
  async roleOf(user: string | undefined, repository: string): Promise<Role> {
    const open: Role = (await this.settings(repository)).public ? 'pull' : 'none';
    const found = user === undefined ? undefined : await this.user(user);
    if (!found || found.disabled) return open;
    if (found.admin) return 'admin';
    const owner = await this.namespaces.ownerOf(repository);
    if (owner === found.id) return 'admin';
    const member = owner === undefined ? 'none' : await this.namespaces.roleAsMember(owner, found.name);
    return higher(open, higher(member, await this.#grantOf(repository, found.name)));
  }

  async #grantOf(repository: string, user: string): Promise<Role> {
    const sql = 'SELECT role FROM grants WHERE repository = ? AND "user" = ?';
    return (await this.#db.get<{ role: Role }>(sql, repository, user))?.role ?? 'none';
  }

  /** A secret that is created on first use, the same for every process on this database. */
  async secret(name: string): Promise<Buffer> {
    const fresh = randomBytes(32).toString('base64');
    await this.#db.run('INSERT INTO secrets VALUES (?, ?) ON CONFLICT DO NOTHING', name, fresh);
    const row = await this.#db.get<{ value: string }>('SELECT value FROM secrets WHERE name = ?', name);
    return Buffer.from(row?.value ?? '', 'base64');
  }

  /** @param value in base64. */
  async replaceSecret(name: string, value: string): Promise<void> {
    const sql =
      'INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value';
    await this.#db.run(sql, name, value);
  }

  async removeSecret(name: string): Promise<void> {
    await this.#db.run('DELETE FROM secrets WHERE name = ?', name);
  }

  async #isOrganisation(name: string): Promise<boolean> {
    return (await this.#db.get('SELECT 1 AS there FROM organisations WHERE name = ?', name)) !== undefined;
  }

  async #assertUser(name: string): Promise<User> {
    const found = await this.user(name);
    if (!found) throw notFound(`there is no user ${name}`);
    return found;
  }

  /** Users and organisations share one namespace. */
  async #assertNameFree(name: string): Promise<void> {
    if (!NAME.test(name) || name.length > 64) {
      throw invalidParameter(
        `invalid name "${name}": want up to 64 lower-case letters and digits, with single . _ or - between them`,
      );
    }
    if ((await this.user(name)) || (await this.#isOrganisation(name))) throw nameInUse(name);
  }
}

interface Organisation {
  readonly name: string;
  readonly members: Readonly<Record<string, Role>>;
}

interface SettingsRow {
  readonly public: number;
  readonly immutable_tags: number;
  readonly retention: string | null;
}

interface UserRow {
  readonly id: string;
  readonly name: string;
  readonly admin: number;
  readonly disabled: number;
  readonly created_at: number;
}

const userOf = ({ id, name, admin, disabled, created_at: createdAt }: UserRow): User => ({
  id,
  name,
  admin: admin === 1,
  disabled: disabled === 1,
  createdAt,
});

function assertRepository(name: string): void {
  if (!isRepositoryPath(name)) throw invalidParameter(`invalid repository name "${name}"`);
}

const newId = () => randomBytes(12).toString('hex');

const nameInUse = (name: string) => conflict(`the name ${name} is in use`);
const noOrganisation = (name: string) => notFound(`there is no organisation ${name}`);

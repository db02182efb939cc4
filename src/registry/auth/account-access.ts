import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Accounts, User } from '../accounts/accounts.ts';
import { mayDo, type Role } from '../accounts/roles.ts';
import { type PersonalToken, roleOfToken } from '../accounts/tokens.ts';
import { clientAddress } from '../client-address.ts';
import { type Counters, MemoryCounters } from '../database/counters.ts';
import { tooMany } from '../registry-error.ts';
import { type AccessControl, type Need, NOBODY, type Visitor } from './access.ts';
import { type BearerClaims, BearerTokens, isCatalogGrant } from './bearer-tokens.ts';
import { KeyRow } from './key-sources.ts';
import { PasswordChecker, parseBasic } from './passwords.ts';
import { SignInLimit } from './sign-in-limit.ts';
import { type KeySource, TokenKeys } from './token-keys.ts';

const MAX_REGISTRATIONS = 5;
const REGISTRATION_WINDOW = 3600_000;

export interface AccountOptions {
  /** URL for clients, when the registry is behind a proxy. */
  readonly externalUrl?: string | undefined;
  /** Whether visitors may register themselves. */
  readonly selfRegistration?: boolean | undefined;
  /** Shared by all servers; by default for a single server. */
  readonly counters?: Counters | undefined;
  /** Signs bearer tokens; by default stored in the database. */
  readonly key?: KeySource | undefined;
  readonly checker?: PasswordChecker | undefined;
}

/** A visitor of `AccountAccess`, with the data for their tokens. */
export interface AccountVisitor extends Visitor {
  readonly claims: Omit<BearerClaims, 'access'>;
  /** Milliseconds since 1970 at which the credential expires. */
  readonly until?: number;
}

/**
 * Access control by users, organisations and tokens. Credentials are sent by HTTP Basic (a password, or a personal access token
 * in its place) or as a bearer token from `/token`, which docker's clients fetch automatically.
 */
export class AccountAccess implements AccessControl {
  readonly accounts: Accounts;
  readonly bearers: BearerTokens;
  readonly #checker: PasswordChecker;
  readonly #counters: Counters;
  readonly #limit: SignInLimit;
  readonly selfRegistration: boolean;
  readonly externalUrl: string | undefined;

  constructor(accounts: Accounts, options: AccountOptions = {}) {
    this.selfRegistration = options.selfRegistration ?? false;
    this.accounts = accounts;
    this.bearers = new BearerTokens(new TokenKeys(options.key ?? new KeyRow(accounts)));
    this.#checker = options.checker ?? new PasswordChecker();
    this.externalUrl = options.externalUrl;
    this.#counters = options.counters ?? new MemoryCounters();
    this.#limit = new SignInLimit(this.#counters);
  }

  challenge(request: IncomingMessage, need: Need): string {
    const realm = `Bearer realm="${this.#urlOf(request)}/token",service="${this.serviceOf(request)}"`;
    if (need === 'known') return realm;
    if (need === 'catalog') return `${realm},scope="registry:catalog:*"`;
    const actions = need.action === 'push' ? 'pull,push' : need.action;
    return `${realm},scope="repository:${need.repository}:${actions}"`;
  }

  async visitor(request: IncomingMessage): Promise<Visitor | undefined> {
    const { authorization } = request.headers;
    if (authorization === undefined) return this.anonymous();
    const bearer = /^bearer +(\S+)$/i.exec(authorization)?.[1];
    if (bearer === undefined || bearer.startsWith('brg_')) return await this.signIn(request, authorization);
    const claims = await this.bearers.verify(bearer, this.serviceOf(request));
    return claims && this.#visitorWithBearer(claims);
  }

  async beforePush(repository: string): Promise<void> {
    await this.accounts.namespaces.use(repository);
  }

  /** By password or personal access token. @throws RegistryError TOOMANYREQUESTS after many wrong ones. */
  async signIn(request: IncomingMessage, authorization: string): Promise<AccountVisitor | undefined> {
    const bearer = /^bearer +(brg_\S+)$/i.exec(authorization)?.[1];
    const credentials = bearer === undefined ? parseBasic(authorization) : { name: '', password: bearer };
    if (!credentials) return undefined;
    const address = clientAddress(request);
    await this.#limit.assertPatience(address);
    const { name, password } = credentials;
    const token = await this.accounts.tokens.use(password);
    if (token && (name === token.user || name === '' || name === 'token')) {
      const user = await this.accounts.user(token.user);
      return user && this.#visitorWithToken(user, token);
    }
    if (await this.#matches(name, password)) {
      const user = await this.accounts.user(name);
      return user && this.#visitorWithPassword(user);
    }
    await this.#noteFailure(address, name);
    return undefined;
  }

  /** Verifies a user's password. @throws RegistryError TOOMANYREQUESTS after many wrong ones. */
  async isPassword(request: IncomingMessage, name: string, password: string): Promise<boolean> {
    const address = clientAddress(request);
    await this.#limit.assertPatience(address);
    if (await this.#matches(name, password)) return true;
    await this.#noteFailure(address, name);
    return false;
  }

  async #matches(name: string, password: string): Promise<boolean> {
    const cost = await this.accounts.highestPasswordCost();
    return await this.#checker.matches(name, password, await this.accounts.passwordHash(name), cost);
  }

  async #noteFailure(address: string, name: string): Promise<void> {
    await this.#limit.failed(address);
    await this.accounts.audit.note({ user: name, address, action: 'sign-in failed', target: '' });
  }

  anonymous(): AccountVisitor {
    const roleIn = (repository: string) => this.accounts.roleOf(undefined, repository);
    return { ...NOBODY, ...permissions(roleIn), claims: { user: '', userId: '', personalToken: '' } };
  }

  #visitorWithPassword(user: User): AccountVisitor {
    return {
      user: user.name,
      credential: 'password',
      admin: user.admin,
      lists: true,
      ...permissions((repository) => this.accounts.roleOf(user.name, repository)),
      claims: { user: user.name, userId: user.id, personalToken: '' },
    };
  }

  #visitorWithToken(user: User, token: PersonalToken): AccountVisitor {
    return {
      user: user.name,
      credential: 'personal token',
      admin: user.admin && token.role === 'admin' && token.repositories.length === 0,
      lists: true,
      ...permissions((repository) => this.#roleWithToken(token, repository)),
      claims: { user: user.name, userId: user.id, personalToken: token.id },
      ...(token.expiresAt === null ? {} : { until: token.expiresAt }),
    };
  }

  async #roleWithToken(token: PersonalToken, repository: string): Promise<Role> {
    return roleOfToken(token, await this.accounts.roleOf(token.user, repository), repository);
  }

  #visitorWithBearer(claims: BearerClaims): Visitor {
    const lists = claims.access.some(isCatalogGrant);
    return {
      user: claims.user || undefined,
      credential: 'bearer token',
      admin: false,
      lists,
      can: async (repository, action) =>
        claims.access.some(
          ({ type, name, actions }) =>
            type === 'repository' && name === repository && actions.includes(action),
        ),
      sees: async (repository) => lists && mayDo(await this.#roleBehind(claims, repository), 'pull'),
    };
  }

  /** The current role of the credential that a bearer token was requested with. */
  async #roleBehind(claims: BearerClaims, repository: string): Promise<Role> {
    const user = await this.accounts.user(claims.user);
    if (!user || user.id !== claims.userId) return 'none';
    if (claims.personalToken === '') return await this.accounts.roleOf(user.name, repository);
    const token = await this.accounts.tokens.find(claims.personalToken);
    return token ? await this.#roleWithToken(token, repository) : 'none';
  }

  /** @throws RegistryError TOOMANYREQUESTS when the address has registered too many users within an hour. */
  async limitRegistrations(address: string): Promise<void> {
    const { count, until } = await this.#counters.add(`registered ${address}`, REGISTRATION_WINDOW);
    if (count <= MAX_REGISTRATIONS) return;
    throw tooMany('too many new users from this address; wait an hour', until);
  }

  /** The service name for tokens of this registry. */
  serviceOf(request: IncomingMessage): string {
    return new URL(this.#urlOf(request)).host;
  }

  #urlOf(request: IncomingMessage): string {
    if (this.externalUrl) return this.externalUrl;
    const scheme = (request.socket as Partial<TLSSocket>).encrypted ? 'https' : 'http';
    const host = request.headers.host ?? '';
    /* Only a host name and a port are allowed in the challenge. */
    const url = /^[\w.:[\]-]+$/.test(host) ? URL.parse(`${scheme}://${host}`) : null;
    return url?.origin ?? `${scheme}://localhost`;
  }
}

const permissions = (roleIn: (repository: string) => Promise<Role>): Pick<Visitor, 'can' | 'sees'> => ({
  can: async (repository, action) => mayDo(await roleIn(repository), action),
  sees: async (repository) => mayDo(await roleIn(repository), 'pull'),
});

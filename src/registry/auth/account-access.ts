import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Accounts } from '../accounts/accounts.ts';
import { mayDo } from '../accounts/roles.ts';
import { type PersonalToken, roleOfToken } from '../accounts/tokens.ts';
import { type Counters, MemoryCounters } from '../database/counters.ts';
import { clientAddress } from '../http/client-address.ts';
import { tooMany } from '../registry-error.ts';
import type { AccessControl, Need, Visitor } from './access.ts';
import { BearerTokens } from './bearer-tokens.ts';
import { PasswordChecker, parseBasic } from './passwords.ts';

/** Wrong passwords that an address may send within a minute. */
const MAX_FAILURES = 20;
const FAILURE_WINDOW = 60_000;

const MAX_REGISTRATIONS = 5;
const REGISTRATION_WINDOW = 3600_000;

export interface AccountOptions {
  /** Where clients reach the registry, when a proxy stands before it. */
  readonly externalUrl?: string | undefined;
  /** Whether anybody may become a user. */
  readonly selfRegistration?: boolean | undefined;
  /** Shared by all servers; unless told otherwise this is the only one. */
  readonly counters?: Counters | undefined;
}

/**
 * Users, organisations and tokens decide. Credentials come by HTTP Basic (a password, or a personal access token
 * in its place) or as a bearer token of `/token`, which docker's clients fetch by themselves.
 */
export class AccountAccess implements AccessControl {
  readonly accounts: Accounts;
  readonly bearers: BearerTokens;
  readonly #checker = new PasswordChecker();
  readonly #counters: Counters;
  readonly selfRegistration: boolean;
  readonly #externalUrl: string | undefined;

  constructor(accounts: Accounts, options: AccountOptions = {}) {
    this.selfRegistration = options.selfRegistration ?? false;
    this.accounts = accounts;
    this.bearers = new BearerTokens(() => accounts.secret('bearer-tokens'));
    this.#externalUrl = options.externalUrl;
    this.#counters = options.counters ?? new MemoryCounters();
  }

  challenge(request: IncomingMessage, need: Need | undefined): string {
    const base = this.#urlOf(request);
    const actions = need && (need.action === 'push' ? 'pull,push' : need.action);
    const scope = need ? `,scope="repository:${need.repository}:${actions}"` : '';
    return `Bearer realm="${base}/token",service="${new URL(base).host}"${scope}`;
  }

  async visitor(request: IncomingMessage): Promise<Visitor | undefined> {
    const { authorization } = request.headers;
    if (authorization === undefined) return await this.#visitorOf(undefined);
    const bearer = /^bearer +(\S+)$/i.exec(authorization)?.[1];
    if (bearer !== undefined && !bearer.startsWith('brg_')) return await this.#byBearer(bearer);
    return await this.signIn(request, bearer === undefined ? authorization : basicOf(bearer));
  }

  /** By password or personal access token. @throws RegistryError TOOMANYREQUESTS after many wrong ones. */
  async signIn(request: IncomingMessage, authorization: string | undefined): Promise<Visitor | undefined> {
    const credentials = parseBasic(authorization);
    if (!credentials) return undefined;
    const address = clientAddress(request);
    await this.#assertPatience(address);
    const { name, password } = credentials;
    const token = await this.accounts.tokens.use(password);
    if (token && (name === token.user || name === '' || name === 'token'))
      return await this.#visitorWith(token);
    if (await this.#checker.matches(name, password, await this.accounts.passwordHash(name)))
      return await this.#visitorOf(name);
    await this.#counters.add(failureKey(address), FAILURE_WINDOW);
    const entry = { user: name.slice(0, 64), address, action: 'sign-in failed', target: '' };
    await this.accounts.audit.note(entry);
    return undefined;
  }

  async #visitorWith(token: PersonalToken): Promise<Visitor> {
    const roleIn = async (repository: string) =>
      roleOfToken(token, await this.accounts.roleOf(token.user, repository), repository);
    const mayAdminister = token.role === 'admin' && token.repositories.length === 0;
    return {
      user: token.user,
      admin: mayAdminister && (await this.accounts.user(token.user))?.admin === true,
      can: async (repository, action) => mayDo(await roleIn(repository), action),
      sees: async (repository) => mayDo(await roleIn(repository), 'pull'),
    };
  }

  async #visitorOf(user: string | undefined): Promise<Visitor> {
    return {
      user,
      admin: user !== undefined && (await this.accounts.user(user))?.admin === true,
      can: async (repository, action) => mayDo(await this.accounts.roleOf(user, repository), action),
      sees: async (repository) => mayDo(await this.accounts.roleOf(user, repository), 'pull'),
    };
  }

  async #byBearer(token: string): Promise<Visitor | undefined> {
    const claims = await this.bearers.verify(token);
    if (!claims) return undefined;
    return {
      user: claims.user || undefined,
      admin: claims.admin,
      can: async (repository, action) =>
        claims.access.some(
          ({ type, name, actions }) =>
            type === 'repository' && name === repository && actions.includes(action),
        ),
      sees: async (repository) =>
        mayDo(await this.accounts.roleOf(claims.user || undefined, repository), 'pull'),
    };
  }

  /** @throws RegistryError TOOMANYREQUESTS when the address has made enough users for an hour. */
  async limitRegistrations(address: string): Promise<void> {
    const { count, until } = await this.#counters.add(`registered ${address}`, REGISTRATION_WINDOW);
    if (count <= MAX_REGISTRATIONS) return;
    throw tooMany('too many new users from this address; wait an hour', until);
  }

  async #assertPatience(address: string): Promise<void> {
    const { count, until } = await this.#counters.add(failureKey(address), FAILURE_WINDOW, 0);
    if (count < MAX_FAILURES) return;
    throw tooMany('too many wrong passwords from this address; wait a minute', until);
  }

  #urlOf(request: IncomingMessage): string {
    if (this.#externalUrl) return this.#externalUrl;
    const scheme = (request.socket as Partial<TLSSocket>).encrypted ? 'https' : 'http';
    const host = request.headers.host ?? '';
    return URL.canParse(`${scheme}://${host}`) ? `${scheme}://${host}` : `${scheme}://localhost`;
  }
}

const failureKey = (address: string) => `sign-in failed ${address}`;

/** A personal access token that came as a bearer token. */
const basicOf = (token: string) => `Basic ${Buffer.from(`:${token}`).toString('base64')}`;

import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Accounts } from '../accounts/accounts.ts';
import { mayDo } from '../accounts/roles.ts';
import { roleOfToken } from '../accounts/tokens.ts';
import { registryError } from '../registry-error.ts';
import type { AccessControl, Need, Visitor } from './access.ts';
import { BearerTokens } from './bearer-tokens.ts';
import { PasswordChecker, parseBasic } from './passwords.ts';

/** Wrong passwords that an address may send within a minute. */
const MAX_FAILURES = 20;
const FAILURE_WINDOW = 60_000;
const MAX_ADDRESSES = 10_000;

const MAX_REGISTRATIONS = 5;
const REGISTRATION_WINDOW = 3600_000;

export interface AccountOptions {
  /** Where clients reach the registry, when a proxy stands before it. */
  readonly externalUrl?: string | undefined;
  /** Whether anybody may become a user. */
  readonly selfRegistration?: boolean | undefined;
}

/**
 * Users, organisations and tokens decide. Credentials come by HTTP Basic (a password, or a personal access token
 * in its place) or as a bearer token of `/token`, which docker's clients fetch by themselves.
 */
export class AccountAccess implements AccessControl {
  readonly accounts: Accounts;
  readonly bearers: BearerTokens;
  readonly #checker = new PasswordChecker();
  readonly #failures = new Map<string, { count: number; since: number }>();
  readonly selfRegistration: boolean;
  readonly #registrations = new Map<string, { count: number; since: number }>();
  readonly #externalUrl: string | undefined;

  constructor(accounts: Accounts, { externalUrl, selfRegistration = false }: AccountOptions = {}) {
    this.selfRegistration = selfRegistration;
    this.accounts = accounts;
    this.bearers = new BearerTokens(accounts.secret('bearer-tokens'));
    this.#externalUrl = externalUrl;
  }

  challenge(request: IncomingMessage, need: Need | undefined): string {
    const base = this.#urlOf(request);
    const actions = need && (need.action === 'push' ? 'pull,push' : need.action);
    const scope = need ? `,scope="repository:${need.repository}:${actions}"` : '';
    return `Bearer realm="${base}/token",service="${new URL(base).host}"${scope}`;
  }

  async visitor(request: IncomingMessage): Promise<Visitor | undefined> {
    const { authorization } = request.headers;
    if (authorization === undefined) return this.#visitorOf(undefined);
    const bearer = /^bearer +(\S+)$/i.exec(authorization)?.[1];
    if (bearer !== undefined && !bearer.startsWith('brg_')) return await this.#byBearer(bearer);
    return await this.signIn(request, bearer === undefined ? authorization : basicOf(bearer));
  }

  /** By password or personal access token. @throws RegistryError TOOMANYREQUESTS after many wrong ones. */
  async signIn(request: IncomingMessage, authorization: string | undefined): Promise<Visitor | undefined> {
    const credentials = parseBasic(authorization);
    if (!credentials) return undefined;
    const address = request.socket.remoteAddress ?? '';
    this.#assertPatience(address);
    const { name, password } = credentials;
    const token = this.accounts.tokens.use(password);
    if (token && (name === token.user || name === '' || name === 'token')) {
      const admin = token.role === 'admin' && this.accounts.user(token.user)?.admin === true;
      return {
        user: token.user,
        admin: admin && token.repositories.length === 0,
        can: (repository, action) =>
          mayDo(roleOfToken(token, this.accounts.roleOf(token.user, repository), repository), action),
        sees: (repository) =>
          mayDo(roleOfToken(token, this.accounts.roleOf(token.user, repository), repository), 'pull'),
      };
    }
    if (await this.#checker.matches(name, password, this.accounts.passwordHash(name)))
      return this.#visitorOf(name);
    this.#noteFailure(address);
    this.accounts.audit.note({ user: name.slice(0, 64), address, action: 'sign-in failed', target: '' });
    return undefined;
  }

  #visitorOf(user: string | undefined): Visitor {
    return {
      user,
      admin: user !== undefined && this.accounts.user(user)?.admin === true,
      can: (repository, action) => mayDo(this.accounts.roleOf(user, repository), action),
      sees: (repository) => mayDo(this.accounts.roleOf(user, repository), 'pull'),
    };
  }

  async #byBearer(token: string): Promise<Visitor | undefined> {
    const claims = await this.bearers.verify(token);
    if (!claims) return undefined;
    return {
      user: claims.user || undefined,
      admin: claims.admin,
      can: (repository, action) =>
        claims.access.some(
          ({ type, name, actions }) =>
            type === 'repository' && name === repository && actions.includes(action),
        ),
      sees: (repository) => mayDo(this.accounts.roleOf(claims.user || undefined, repository), 'pull'),
    };
  }

  /** @throws RegistryError TOOMANYREQUESTS when the address has made enough users for an hour. */
  limitRegistrations(address: string): void {
    if (this.#registrations.size >= MAX_ADDRESSES) this.#registrations.clear();
    const found = this.#registrations.get(address);
    const recent =
      found && Date.now() - found.since < REGISTRATION_WINDOW ? found : { count: 0, since: Date.now() };
    if (recent.count >= MAX_REGISTRATIONS) {
      throw registryError('TOOMANYREQUESTS', 'too many new users from this address; wait an hour');
    }
    this.#registrations.set(address, { ...recent, count: recent.count + 1 });
  }

  #assertPatience(address: string): void {
    const found = this.#failures.get(address);
    if (found && Date.now() - found.since > FAILURE_WINDOW) this.#failures.delete(address);
    else if (found && found.count >= MAX_FAILURES) {
      throw registryError('TOOMANYREQUESTS', 'too many wrong passwords from this address; wait a minute');
    }
  }

  #noteFailure(address: string): void {
    if (this.#failures.size >= MAX_ADDRESSES) this.#failures.clear();
    const { count, since } = this.#failures.get(address) ?? { count: 0, since: Date.now() };
    this.#failures.set(address, { count: count + 1, since });
  }

  #urlOf(request: IncomingMessage): string {
    if (this.#externalUrl) return this.#externalUrl;
    const scheme = (request.socket as Partial<TLSSocket>).encrypted ? 'https' : 'http';
    const host = request.headers.host ?? '';
    return URL.canParse(`${scheme}://${host}`) ? `${scheme}://${host}` : `${scheme}://localhost`;
  }
}

/** A personal access token that came as a bearer token. */
const basicOf = (token: string) => `Basic ${Buffer.from(`:${token}`).toString('base64')}`;

import { jwtVerify, SignJWT } from 'jose';
import { isObject } from '../../core/is-object.ts';
import type { Action } from '../accounts/roles.ts';
import type { TokenKeys } from './token-keys.ts';

/** Seconds for which a token is valid; rights revoked meanwhile remain usable for that long. */
const TOKEN_LIFETIME = 300;
const ISSUER = 'barge-registry';
const ALGORITHM = 'HS256';
const TYPE = 'JWT';
/** Maximum difference of the servers' clocks, in seconds. */
const CLOCK_TOLERANCE = 5;

/** One grant of a token: Docker's token specification, claim `access`. */
interface Grant {
  readonly type: 'repository' | 'registry';
  readonly name: string;
  readonly actions: readonly string[];
}

export interface BearerClaims {
  /** Empty: anonymous. */
  readonly user: string;
  /** The account's id, as another user may get the same name later. */
  readonly userId: string;
  /** The personal token that this one was requested with; empty: none. */
  readonly personalToken: string;
  readonly access: readonly Grant[];
}

interface Issued {
  readonly token: string;
  /** Seconds. */
  readonly lifetime: number;
}

/** Short-lived tokens that contain their bearer's rights, so that requests need no account queries. */
export class BearerTokens {
  readonly #keys: TokenKeys;

  constructor(keys: TokenKeys) {
    this.#keys = keys;
  }

  /**
   * Signs a token.
   * @param service the token's registry.
   * @param until milliseconds since 1970 after which it must be invalid, regardless of the usual lifetime.
   */
  async issue(claims: BearerClaims, service: string, until = Number.POSITIVE_INFINITY): Promise<Issued> {
    const { user, userId, personalToken, access } = claims;
    const key = await this.#keys.current();
    const now = Math.floor(Date.now() / 1000);
    const lifetime = Math.max(1, Math.min(TOKEN_LIFETIME, Math.floor(until / 1000) - now));
    const token = await new SignJWT({ access, userId, personalToken })
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: key.id })
      .setIssuer(ISSUER)
      .setSubject(user)
      .setAudience(service)
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(now + lifetime)
      .sign(key.secret);
    return { token, lifetime };
  }

  /**
   * @param service the registry that received the request.
   * @returns undefined for a token that is not ours or not for `service`, was modified, has expired or is not yet valid.
   */
  async verify(token: string, service: string): Promise<BearerClaims | undefined> {
    const key = await this.#keys.named(keyIdOf(token));
    if (!key) return undefined;
    try {
      const { payload } = await jwtVerify(token, key.secret, {
        issuer: ISSUER,
        audience: service,
        algorithms: [ALGORITHM],
        typ: TYPE,
        requiredClaims: ['iss', 'aud', 'sub', 'iat', 'nbf', 'exp'],
        maxTokenAge: TOKEN_LIFETIME,
        clockTolerance: CLOCK_TOLERANCE,
      });
      const { sub: user = '', userId, personalToken, access } = payload;
      if (typeof userId !== 'string' || typeof personalToken !== 'string') return undefined;
      if (!Array.isArray(access) || !access.every(isGrant)) return undefined;
      return { user, userId, personalToken, access };
    } catch {
      return undefined;
    }
  }
}

/** The id of the key to try; nothing in a token is trusted before its signature has been verified. */
function keyIdOf(token: string): string | undefined {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
    return isObject(header) && typeof header.kid === 'string' ? header.kid : undefined;
  } catch {
    return undefined;
  }
}

function isGrant(value: unknown): value is Grant {
  if (!isObject(value)) return false;
  const { type, name, actions } = value;
  const isType = type === 'repository' || type === 'registry';
  return isType && typeof name === 'string' && Array.isArray(actions);
}

/** `repository:team/app:pull,push` of a token request's `scope`, which may contain several. */
export function parseScopes(texts: readonly string[]): Grant[] {
  return texts
    .flatMap((text) => text.split(' '))
    .map((text) => /^(repository|registry):(.+):([a-z*,]*)$/.exec(text))
    .filter((match) => match !== null)
    .map(([, type, name = '', actions = '']) => ({
      type: type as Grant['type'],
      name,
      actions: actions.split(',').filter(Boolean),
    }));
}

const ALL: readonly Action[] = ['pull', 'push', 'delete'];
/** The only scope on the registry itself: the list of repositories. */
const CATALOG = 'catalog';

export const isCatalogGrant = ({ type, name, actions }: Grant): boolean =>
  type === 'registry' && name === CATALOG && actions.includes('*');

/** The part of the requested scopes that the visitor is entitled to. */
export async function granted(
  asked: Grant,
  visitor: {
    readonly lists: boolean;
    can(repository: string, action: Action): Promise<boolean>;
  },
): Promise<Grant> {
  if (asked.type === 'registry') {
    return { ...asked, actions: visitor.lists && isCatalogGrant(asked) ? ['*'] : [] };
  }
  const wanted = asked.actions.includes('*') ? ALL : ALL.filter((action) => asked.actions.includes(action));
  const actions: Action[] = [];
  for (const action of wanted) {
    if (await visitor.can(asked.name, action)) actions.push(action);
  }
  return { ...asked, actions };
}

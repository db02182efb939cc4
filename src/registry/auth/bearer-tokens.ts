import { jwtVerify, SignJWT } from 'jose';
import type { Action } from '../accounts/roles.ts';

/** Seconds that a token is good for; what is taken from a user meanwhile still works for so long. */
export const TOKEN_LIFETIME = 300;
const ISSUER = 'barge-registry';
const ALGORITHM = 'HS256';

/** One grant of a token: Docker's token specification, claim `access`. */
export interface Grant {
  readonly type: 'repository' | 'registry';
  readonly name: string;
  readonly actions: readonly string[];
}

export interface BearerClaims {
  /** Empty: nobody said who they are. */
  readonly user: string;
  readonly admin: boolean;
  readonly access: readonly Grant[];
}

/** Short-lived tokens that say what their bearer may do, so that requests need no look at the accounts. */
export class BearerTokens {
  readonly #load: () => Promise<Uint8Array>;
  #key: Promise<Uint8Array> | undefined;

  /** @param load fetches the key, which is the same for every process that serves the registry. */
  constructor(load: () => Promise<Uint8Array>) {
    this.#load = load;
  }

  /** Fetched once; again when that failed. */
  async #secret(): Promise<Uint8Array> {
    this.#key ??= this.#load();
    try {
      return await this.#key;
    } catch (error) {
      this.#key = undefined;
      throw error;
    }
  }

  async issue({ user, admin, access }: BearerClaims, service: string): Promise<string> {
    return await new SignJWT({ access, admin })
      .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
      .setIssuer(ISSUER)
      .setSubject(user)
      .setAudience(service)
      .setIssuedAt()
      .setExpirationTime(`${TOKEN_LIFETIME}s`)
      .sign(await this.#secret());
  }

  /** @returns undefined for a token that is not ours, has been changed, or is too old. */
  async verify(token: string): Promise<BearerClaims | undefined> {
    const key = await this.#secret();
    try {
      const { payload } = await jwtVerify(token, key, { issuer: ISSUER, algorithms: [ALGORITHM] });
      const access = (payload.access ?? []) as readonly Grant[];
      return { user: payload.sub ?? '', admin: payload.admin === true, access };
    } catch {
      return undefined;
    }
  }
}

/** `repository:team/app:pull,push` of a token request's `scope`, which may hold several. */
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

/** As much of a wish as may be had. */
export async function granted(
  wish: Grant,
  can: (repository: string, action: Action) => Promise<boolean>,
): Promise<Grant> {
  const wanted = wish.actions.includes('*') ? ALL : ALL.filter((action) => wish.actions.includes(action));
  const actions: Action[] = [];
  for (const action of wish.type === 'repository' ? wanted : []) {
    if (await can(wish.name, action)) actions.push(action);
  }
  return { ...wish, actions };
}

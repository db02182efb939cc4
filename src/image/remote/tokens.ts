import { forbidden, unauthorized, unavailable } from '../../core/errors.ts';
import type { Challenge } from './challenge.ts';
import { basicHeader, type Credentials } from './credentials.ts';
import { isLoopbackHost } from './endpoint.ts';
import type { HttpRequest, HttpResponse, HttpTransport } from './http-transport.ts';
import { readBody } from './read-body.ts';
import { remoteErrorOf } from './response-failure.ts';

const MAX_RESPONSE_SIZE = 1024 * 1024;
/** Seconds; the protocol's default. */
const USUAL_LIFETIME = 60;
/** Milliseconds before its expiry from which a token is no longer used. */
const MARGIN = 10_000;
const CLIENT_ID = 'barge';

interface Token {
  readonly value: string;
  /** Returned on a request for offline access. */
  readonly refreshToken?: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

export interface TokenRequest {
  readonly challenge: Challenge;
  /** Such as `repository:library/busybox:pull`. */
  readonly scopes: readonly string[];
  /** The request that needs the token, as the start of an error message. */
  readonly purpose: string;
  /** Whether to request a refresh token, too. */
  readonly offline?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Gets tokens from token servers as in Docker's "Token Authentication Specification", and caches them. */
export class Tokens {
  readonly #transport: HttpTransport;
  readonly #credentials: Credentials;
  readonly #permitsPlain: boolean;
  readonly #kept = new Map<string, Promise<Token>>();

  /** @param permitsPlain whether credentials may be sent to a token server over plain HTTP. */
  constructor(transport: HttpTransport, credentials: Credentials, permitsPlain: boolean) {
    this.#transport = transport;
    this.#credentials = credentials;
    this.#permitsPlain = permitsPlain;
  }

  /**
   * Concurrent calls for the same token share one request.
   * @throws BargeError unauthorized, with the token server's words; unavailable.
   */
  get(request: TokenRequest): Promise<Token> {
    const key = JSON.stringify([request.challenge.parameters, [...request.scopes].sort()]);
    const kept = this.#kept.get(key)?.catch(() => undefined) ?? Promise.resolve(undefined);
    const token = kept.then((old) => (old && isFresh(old) ? old : this.#fetch(request)));
    this.#kept.set(key, token);
    return token;
  }

  /** To be called when the registry rejected a token that seemed valid. */
  forget(): void {
    this.#kept.clear();
  }

  async #fetch(request: TokenRequest): Promise<Token> {
    const realm = this.#realmOf(request.challenge);
    const outgoing = this.#credentials.identityToken
      ? refreshRequest(realm, request, this.#credentials.identityToken)
      : basicRequest(realm, request, this.#credentials.basic);
    const response = await this.#transport.send({ ...outgoing, signal: request.signal });
    if (response.status !== 200) throw await refused(response, request.purpose);
    return parseToken(await readBody(response, MAX_RESPONSE_SIZE), request.purpose);
  }

  #realmOf(challenge: Challenge): URL {
    const realm = URL.parse(challenge.parameters.realm ?? '');
    if (!realm || !/^https?:$/.test(realm.protocol)) {
      throw unavailable(`invalid token server "${challenge.parameters.realm}" named by the registry`);
    }
    const isPlain = realm.protocol === 'http:' && !this.#permitsPlain && !isLoopbackHost(realm.hostname);
    if (isPlain && (this.#credentials.basic || this.#credentials.identityToken)) {
      throw forbidden(`not sending credentials to ${realm.origin} over plain HTTP`);
    }
    return realm;
  }
}

const isFresh = ({ expires }: Token): boolean => expires - MARGIN > Date.now();

function basicRequest(realm: URL, request: TokenRequest, basic: Credentials['basic']): HttpRequest {
  const url = new URL(realm);
  const { service } = request.challenge.parameters;
  if (service) url.searchParams.set('service', service);
  for (const scope of request.scopes) url.searchParams.append('scope', scope);
  if (basic) url.searchParams.set('account', basic.username);
  if (request.offline) {
    url.searchParams.set('offline_token', 'true');
    url.searchParams.set('client_id', CLIENT_ID);
  }
  return { method: 'GET', url, ...(basic ? { headers: { Authorization: basicHeader(basic) } } : {}) };
}

function refreshRequest(realm: URL, request: TokenRequest, identityToken: string): HttpRequest {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: identityToken,
    client_id: CLIENT_ID,
    service: request.challenge.parameters.service ?? '',
    scope: request.scopes.join(' '),
  });
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', url: realm, headers, body: Buffer.from(form.toString()) };
}

async function refused(response: HttpResponse, purpose: string) {
  const error = await remoteErrorOf(response);
  if (response.status === 401 || response.status === 403) {
    const { code, message } = error ?? { code: 'unauthorized', message: 'authentication required' };
    return unauthorized(`${purpose}: ${code}: ${message}`);
  }
  const reason = error ? `${error.code}: ${error.message}` : `unexpected status ${response.status}`;
  return unavailable(`${purpose}: the token server ${response.request.url.origin} failed: ${reason}`);
}

function parseToken(body: Buffer, purpose: string): Token {
  let answer: Record<string, unknown>;
  try {
    answer = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
  } catch (cause) {
    throw unavailable(`${purpose}: the token server did not respond with JSON`, { cause });
  }
  const value = answer.token ?? answer.access_token;
  if (typeof value !== 'string' || value === '') {
    throw unavailable(`${purpose}: authorization server did not include a token in the response`);
  }
  const lifetime = typeof answer.expires_in === 'number' ? answer.expires_in : USUAL_LIFETIME;
  const { refresh_token: refreshToken } = answer;
  return {
    value,
    expires: Date.now() + Math.max(lifetime, USUAL_LIFETIME) * 1000,
    ...(typeof refreshToken === 'string' ? { refreshToken } : {}),
  };
}

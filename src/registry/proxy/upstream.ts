import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { systemError } from '../../core/errors.ts';
import { RegistryError, registryError, tooMany } from '../registry-error.ts';
import { parseChallenge } from './challenge.ts';
import { httpGet } from './http-get.ts';

/** Milliseconds. */
const MANIFEST_TIMEOUT = 20_000;
const AFTER_FAILURE = 5000;
const USUAL_LIFETIME = 60_000;
const LEAST_LIFETIME = 10_000;
const MAX_SILENCE = 3600_000;

export interface UpstreamOptions {
  readonly origin: string;
  readonly credentials?: { readonly user: string; readonly password: string } | undefined;
  /** PEM. */
  readonly ca?: string | undefined;
}

interface Asked {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/**
 * The cached registry: sends requests with its authentication schemes, and pauses for a while when it
 * does not respond or limits our requests.
 */
export class Upstream {
  readonly #options: UpstreamOptions;
  /** By repository: the `Authorization` header and its expiry. */
  readonly #authorizations = new Map<string, { readonly value: string; readonly until: number }>();
  #silence: { readonly until: number; readonly error: RegistryError } | undefined;

  constructor(options: UpstreamOptions) {
    this.#options = options;
  }

  get origin(): string {
    return this.#options.origin;
  }

  /**
   * Requests `/v2/<repository>/<rest>`.
   * @returns a response with status 200 or 206, or undefined for 404. Its body must be read or destroyed.
   * @throws RegistryError UNAVAILABLE or TOOMANYREQUESTS when it is unavailable, DENIED when it rejects the request.
   */
  async ask(repository: string, rest: string, asked: Asked): Promise<IncomingMessage | undefined> {
    if (this.#silence && Date.now() < this.#silence.until) throw this.#silence.error;
    const response = await this.#reach(repository, rest, asked);
    const { statusCode: status = 0 } = response;
    if (status === 200 || status === 206) {
      this.#silence = undefined;
      return response;
    }
    response.destroy();
    if (status === 404) return undefined;
    if (status === 401 || status === 403) {
      throw registryError('DENIED', `${this.origin} denies access to ${repository}`);
    }
    if (status === 429) {
      const wait = Math.min(retryAfter(response) ?? USUAL_LIFETIME, MAX_SILENCE);
      throw this.#fallSilent(tooMany(`${this.origin} is limiting our requests`, Date.now() + wait), wait);
    }
    throw this.#fallSilent(this.#unavailable(`status ${status}`), AFTER_FAILURE);
  }

  async #reach(repository: string, rest: string, asked: Asked): Promise<IncomingMessage> {
    try {
      const response = await this.#get(repository, rest, asked);
      if (response.statusCode !== 401) return response;
      response.destroy();
      this.#authorizations.delete(repository);
      await this.#authorize(repository, response.headers['www-authenticate'], asked.signal);
      return await this.#get(repository, rest, asked);
    } catch (error) {
      if (error instanceof RegistryError || asked.signal.aborted) throw error;
      throw this.#fallSilent(this.#unavailable(error), AFTER_FAILURE);
    }
  }

  async #get(repository: string, rest: string, { method = 'GET', headers = {}, signal }: Asked) {
    const known = this.#authorizations.get(repository);
    const authorization = known && known.until > Date.now() ? { authorization: known.value } : {};
    const url = new URL(`/v2/${repository}/${rest}`, this.origin);
    const { ca } = this.#options;
    return await httpGet(url, { method, headers: { ...headers, ...authorization }, signal, ca });
  }

  /** @throws RegistryError DENIED when there is no supported way to authenticate. */
  async #authorize(repository: string, header: string | undefined, signal: AbortSignal): Promise<void> {
    const challenge = parseChallenge(header);
    const { credentials } = this.#options;
    const basic =
      credentials && `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`;
    if (challenge?.scheme === 'basic' && basic) {
      this.#authorizations.set(repository, { value: basic, until: Number.POSITIVE_INFINITY });
      return;
    }
    const realm = URL.parse(challenge?.parameters.realm ?? '');
    if (challenge?.scheme !== 'bearer' || !realm) {
      throw registryError(
        'DENIED',
        `${this.origin} requires credentials for ${repository}; see --proxy-user`,
      );
    }
    const { service } = challenge.parameters;
    if (service) realm.searchParams.set('service', service);
    realm.searchParams.set('scope', challenge.parameters.scope ?? `repository:${repository}:pull`);
    const token = await this.#token(realm, basic, signal);
    this.#authorizations.set(repository, token);
  }

  async #token(realm: URL, basic: string | undefined, signal: AbortSignal) {
    const headers: Record<string, string> = basic ? { authorization: basic } : {};
    const response = await httpGet(realm, { method: 'GET', headers, signal, ca: this.#options.ca });
    const body = await text(response);
    if (response.statusCode !== 200) {
      throw registryError('DENIED', `${realm.host} issued no token: status ${response.statusCode}`);
    }
    const { token, access_token: other, expires_in: seconds } = JSON.parse(body) as Record<string, unknown>;
    const value = token ?? other;
    if (typeof value !== 'string') throw systemError(`${realm.host} sent a response without a token`);
    const lifetime = typeof seconds === 'number' ? seconds * 1000 : USUAL_LIFETIME;
    return { value: `Bearer ${value}`, until: Date.now() + Math.max(lifetime * 0.8, LEAST_LIFETIME) };
  }

  #unavailable(cause: unknown): RegistryError {
    const message = `${this.origin} cannot be reached, and there is no cached copy`;
    return new RegistryError([{ code: 'UNAVAILABLE', message }], { cause });
  }

  #fallSilent(error: RegistryError, milliseconds: number): RegistryError {
    this.#silence = { until: Date.now() + milliseconds, error };
    return error;
  }
}

/** For requests with small responses. */
export const soon = (signal: AbortSignal): AbortSignal =>
  AbortSignal.any([signal, AbortSignal.timeout(MANIFEST_TIMEOUT)]);

/** Milliseconds. */
function retryAfter({ headers }: IncomingMessage): number | undefined {
  const value = headers['retry-after'];
  if (value === undefined) return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(1, seconds) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(1000, at - Date.now());
}

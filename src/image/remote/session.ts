import {
  type BargeError,
  forbidden,
  isKind,
  messageOf,
  unauthorized,
  unavailable,
} from '../../core/errors.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { basicHeader, type Credentials, credentialsOf } from './credentials.ts';
import { type Endpoint, endpointOf, mirrorEndpoint } from './endpoint.ts';
import { requestName } from './failure.ts';
import { type HttpRequest, type HttpResponse, HttpTransport } from './http-transport.ts';
import { discardBody } from './read-body.ts';
import { followRedirects } from './redirect.ts';
import type { RemoteOptions } from './remote-options.ts';
import { type TokenRequest, Tokens } from './tokens.ts';

const USER_AGENT = 'barge';

/** The result of the first contact with a registry. */
interface Contact {
  /** `https://host/v2/`. */
  readonly base: URL;
  /** Empty when the registry requires no authentication. */
  readonly challenges: readonly Challenge[];
}

interface SessionRequest extends Omit<HttpRequest, 'url'> {
  /** Relative to the registry's `/v2/`, or absolute. */
  readonly url: string | URL;
  readonly scopes: readonly string[];
}

/** Requests to one registry: finds out how to reach it and authenticates as it demands. */
export class RegistrySession implements Disposable {
  readonly #endpoint: Endpoint;
  readonly #transport: HttpTransport;
  readonly #credentials: Credentials;
  readonly #tokens: Tokens;
  readonly #signal: AbortSignal | undefined;
  #contact: Promise<Contact> | undefined;

  constructor(domain: string, options: RemoteOptions) {
    this.#endpoint = options.mirror
      ? mirrorEndpoint(options.mirror, options.insecure)
      : endpointOf(domain, options.insecure);
    this.#signal = options.signal;
    this.#credentials = credentialsOf(options.auth);
    this.#transport = new HttpTransport({
      verifyTls: this.#endpoint.verifyTls,
      ca: options.ca ?? [],
      clientCertificates: options.clientCertificates ?? [],
      userAgent: options.userAgent ?? USER_AGENT,
      proxyEnv: this.#endpoint.isLoopback ? undefined : options.proxyEnv,
      idleTimeout: options.idleTimeout,
    });
    this.#tokens = new Tokens(this.#transport, this.#credentials, !this.#endpoint.verifyTls);
  }

  /** The first contact, shared by all requests; after a failure, the next caller tries again. */
  contact(): Promise<Contact> {
    this.#contact ??= this.#ping().catch((error: BargeError) => {
      this.#contact = undefined;
      throw error;
    });
    return this.#contact;
  }

  /**
   * Sends a request with the required authorization, again when the registry requires a different one, and
   * follows redirects; other hosts never receive the credentials.
   * @throws BargeError unavailable, unauthorized, cancelled. Every response but a redirect is returned.
   */
  async send(request: SessionRequest): Promise<HttpResponse> {
    const { base, challenges } = await this.contact();
    const url = new URL(request.url, base);
    const whole: HttpRequest = { signal: this.#signal, ...request, url };
    const first = await this.#sendAuthorized(whole, base, challenges, request.scopes);
    const asked = first.status === 401 ? parseChallenges(first.headers['www-authenticate']) : [];
    if (first.request.url.origin !== base.origin || !mayHelp(asked, challenges)) return first;
    discardBody(first);
    this.#tokens.forget();
    return this.#sendAuthorized(whole, base, asked, request.scopes);
  }

  /** Gets a token; for checks of credentials. */
  token(request: Omit<TokenRequest, 'signal'>) {
    return this.#tokens.get({ ...request, signal: this.#signal });
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
  }

  async #sendAuthorized(
    request: HttpRequest,
    base: URL,
    challenges: readonly Challenge[],
    scopes: readonly string[],
  ): Promise<HttpResponse> {
    const isHome = request.url.origin === base.origin;
    const authorization = isHome ? await this.#authorization(request, challenges, scopes) : undefined;
    const policy = { home: base.origin, permitsPlain: !this.#endpoint.verifyTls };
    return followRedirects(this.#transport, request, authorization, policy);
  }

  async #authorization(
    request: HttpRequest,
    challenges: readonly Challenge[],
    scopes: readonly string[],
  ): Promise<string | undefined> {
    if (challenges.length === 0) return undefined;
    const { basic, registryToken } = this.#credentials;
    if (registryToken) return `Bearer ${registryToken}`;
    const purpose = requestName(request.method, request.url);
    const challenge = challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.realm);
    if (challenge) return `Bearer ${(await this.token({ challenge, scopes, purpose })).value}`;
    if (!challenges.some(({ scheme }) => scheme === 'basic')) {
      throw unavailable(`${purpose}: the registry requires an unsupported authentication scheme`);
    }
    if (!basic) throw unauthorized(`${purpose}: no basic auth credentials`);
    if (request.url.protocol === 'http:' && this.#endpoint.verifyTls) {
      throw forbidden(`${purpose}: not sending credentials over plain HTTP`);
    }
    return basicHeader(basic);
  }

  async #ping(): Promise<Contact> {
    let failure: unknown;
    for (const scheme of this.#endpoint.schemes) {
      const base = new URL(`${scheme}://${this.#endpoint.host}/v2/`);
      try {
        const response = await this.#transport.send({ method: 'GET', url: base, signal: this.#signal });
        discardBody(response);
        const challenges =
          response.status === 401 ? parseChallenges(response.headers['www-authenticate']) : [];
        return { base, challenges };
      } catch (error) {
        if (isKind(error, 'cancelled')) throw error;
        failure = error;
      }
    }
    throw unavailable(messageOf(failure), { cause: failure });
  }
}

/**
 * Whether different credentials may help after a 401: not when the registry has accepted the token but found
 * its scope insufficient, nor when a password was already sent.
 */
function mayHelp(asked: readonly Challenge[], before: readonly Challenge[]): boolean {
  if (asked.some(({ parameters }) => parameters.error === 'insufficient_scope')) return false;
  return asked.length > 0 && (before.length === 0 || asked.some(({ scheme }) => scheme === 'bearer'));
}

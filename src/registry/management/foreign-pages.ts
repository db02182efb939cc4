import type { IncomingMessage } from 'node:http';
import { RegistryError, registryError } from '../registry-error.ts';

/**
 * Rejects a browser's requests on behalf of a foreign page: the browser adds the password that its user entered here earlier, so the
 * page could act for the user. Other clients send neither header.
 * @param externalUrl the URL for clients, when it differs from the received `Host`.
 * @throws RegistryError DENIED.
 */
export function assertOwnOrigin({ headers }: IncomingMessage, externalUrl: string | undefined): void {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw foreign(`a page (${site})`);
  const { origin } = headers;
  if (origin === undefined) return;
  const from = URL.parse(origin);
  const own = [headers.host, externalUrl && new URL(externalUrl).host];
  const isOwn = from !== null && /^https?:$/.test(from.protocol) && own.some((host) => sameHost(host, from));
  if (!isOwn) throw foreign(origin);
}

/** All sides omit the scheme's default port. */
const sameHost = (host: string | undefined, { protocol, host: other }: URL): boolean =>
  host !== undefined && URL.parse(`${protocol}//${host}`)?.host === other;

const foreign = (who: string) =>
  registryError('DENIED', `requests on behalf of another site are rejected: this one comes from ${who}`);

/**
 * Browsers let pages send forms and plain text to any site, but JSON only with that site's consent.
 * @throws RegistryError UNSUPPORTED, of status 415.
 */
export function assertJson({ headers }: IncomingMessage): void {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/json') return;
  const message = 'the body must be JSON: send Content-Type: application/json';
  throw new RegistryError([{ code: 'UNSUPPORTED', message }], { status: 415 });
}

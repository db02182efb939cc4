import type { IncomingMessage } from 'node:http';
import { RegistryError, registryError } from '../registry-error.ts';

/**
 * Refuses what a browser sends for a page of somebody else: it adds the password that its user gave us earlier, so the
 * page would act for them. Other clients send neither header.
 * @param externalUrl where clients reach the registry, when the `Host` that arrives here is another one.
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

/** Ports are left out where they are the scheme's own, by all sides alike. */
const sameHost = (host: string | undefined, { protocol, host: other }: URL): boolean =>
  host !== undefined && URL.parse(`${protocol}//${host}`)?.host === other;

const foreign = (who: string) =>
  registryError('DENIED', `requests on behalf of another site are refused: this one comes from ${who}`);

/**
 * Pages may send forms and plain text to anybody, but JSON only to who agrees.
 * @throws RegistryError UNSUPPORTED, of status 415.
 */
export function assertJson({ headers }: IncomingMessage): void {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/json') return;
  const message = 'the body must be JSON: send Content-Type: application/json';
  throw new RegistryError([{ code: 'UNSUPPORTED', message }], { status: 415 });
}

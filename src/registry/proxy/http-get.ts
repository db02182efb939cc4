import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { systemError } from '../../core/errors.ts';
import { failsElsewhere } from '../../core/streams.ts';

/** Maximum milliseconds without a byte. */
const IDLE_TIMEOUT = 30_000;
const MAX_REDIRECTS = 5;

interface GetOptions {
  readonly method: 'GET' | 'HEAD';
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** PEM: authorities in addition to the default ones. */
  readonly ca?: string | undefined;
}

/**
 * Sends a request and follows redirects, to other hosts without credentials.
 * @returns the response, whose body must be read or destroyed.
 * @throws BargeError system when there is no response.
 */
export async function httpGet(url: URL, options: GetOptions): Promise<IncomingMessage> {
  let { headers } = options;
  let at = url;
  for (let count = 0; count <= MAX_REDIRECTS; count++) {
    const response = await request(at, { ...options, headers });
    const { location } = response.headers;
    const isRedirect = [301, 302, 303, 307, 308].includes(response.statusCode ?? 0) && location !== undefined;
    if (!isRedirect) return response;
    response.resume();
    const next = URL.parse(location, at.href);
    if (!next || !['http:', 'https:'].includes(next.protocol)) {
      throw systemError(`${at.origin} redirects to "${location}", which is not a URL`);
    }
    if (at.protocol === 'https:' && next.protocol === 'http:') {
      throw systemError(`${at.origin} redirects to ${next.origin}, which is not encrypted`);
    }
    if (next.host !== at.host) {
      const { authorization: _, ...others } = headers;
      headers = others;
    }
    at = next;
  }
  throw systemError(`${url.origin} redirects more than ${MAX_REDIRECTS} times`);
}

function request(url: URL, { method, headers, signal, ca }: GetOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) =>
      reject(systemError(`${method} ${url.origin}${url.pathname} failed: ${String(cause)}`, { cause }));
    /* It may fail before it is read. */
    const answered = (response: IncomingMessage) => resolve(failsElsewhere(response));
    const asked =
      url.protocol === 'https:'
        ? https.request(url, { method, headers, signal, ...(ca ? { ca } : {}) }, answered)
        : http.request(url, { method, headers, signal }, answered);
    asked.on('error', fail);
    asked.setTimeout(IDLE_TIMEOUT, () => asked.destroy(new Error(`no byte for ${IDLE_TIMEOUT / 1000} s`)));
    asked.end();
  });
}

import { unavailable } from '../../core/errors.ts';
import { requestName } from './failure.ts';
import type { HttpRequest, HttpResponse, HttpTransport } from './http-transport.ts';
import { discardBody } from './read-body.ts';

const MAX_REDIRECTS = 10;

interface RedirectPolicy {
  /** The only origin that receives the Authorization header. */
  readonly home: string;
  /** Whether a redirect may lead from HTTPS to plain HTTP. */
  readonly permitsPlain: boolean;
}

/**
 * Sends a request and follows redirects (RFC 9110 section 15.4). Requests with a body follow
 * only 307 and 308, which keep the method.
 * @throws BargeError unavailable: too many redirects, or one that drops encryption.
 */
export async function followRedirects(
  transport: HttpTransport,
  request: HttpRequest,
  authorization: string | undefined,
  policy: RedirectPolicy,
): Promise<HttpResponse> {
  let { url } = request;
  for (let i = 0; i <= MAX_REDIRECTS; i++) {
    const isHome = url.origin === policy.home;
    const headers = {
      ...request.headers,
      ...(authorization && isHome ? { Authorization: authorization } : {}),
    };
    const response = await transport.send({ ...request, url, headers });
    const next = redirectOf(response, url);
    if (!next) return response;
    discardBody(response);
    if (url.protocol === 'https:' && next.protocol !== 'https:' && !policy.permitsPlain) {
      throw unavailable(`${requestName(request.method, url)}: refusing the redirect to ${next.origin}`);
    }
    url = next;
  }
  throw unavailable(`${requestName(request.method, request.url)}: stopped after ${MAX_REDIRECTS} redirects`);
}

function redirectOf({ status, headers, request }: HttpResponse, url: URL): URL | undefined {
  const keepsMethod = status === 307 || status === 308;
  const mayFollow = keepsMethod || request.method === 'GET' || request.method === 'HEAD';
  if (!mayFollow || ![301, 302, 303, 307, 308].includes(status) || !headers.location) return undefined;
  const next = URL.parse(headers.location, url.href);
  if (!next || !/^https?:$/.test(next.protocol)) {
    throw unavailable(
      `${requestName(request.method, url)}: cannot follow the redirect to "${headers.location}"`,
    );
  }
  return next;
}

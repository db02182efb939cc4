import { readBounded } from '../../http/read-bounded.ts';
import type { AccountAccess, AccountVisitor } from '../auth/account-access.ts';
import { granted, parseScopes } from '../auth/bearer-tokens.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { registryError } from '../registry-error.ts';

const MAX_FORM = 64 << 10;
/** Maximum scopes of a token; each takes several account queries. */
const MAX_SCOPES = 100;

/** GET /token (Docker's token authentication) and POST /token (its OAuth2 form, `grant_type=password`). */
export function tokenRoute(access: AccountAccess): Handler {
  return async (exchange) => {
    const { request } = exchange;
    const form = request.method === 'POST' ? await formOf(exchange) : undefined;
    const query = form ?? exchange.query;
    const visitor = await whoAsks(access, exchange, form);
    const service = access.serviceOf(request);
    const asked = query.get('service') ?? '';
    if (asked !== '' && asked !== service) {
      throw registryError('UNSUPPORTED', `this registry issues tokens for ${service}, not for ${asked}`);
    }
    const scopes = parseScopes(query.getAll('scope'));
    if (scopes.length > MAX_SCOPES) {
      throw registryError('UNSUPPORTED', `a token has at most ${MAX_SCOPES} scopes, not ${scopes.length}`);
    }
    const grants = await Promise.all(scopes.map((scope) => granted(scope, visitor)));
    const claims = { ...visitor.claims, access: grants };
    const { token, lifetime } = await access.bearers.issue(claims, service, visitor.until);
    const issued = new Date().toISOString();
    const body = { token, access_token: token, expires_in: lifetime, issued_at: issued };
    exchange.response.json(200, body, { 'Cache-Control': 'no-store' });
  };
}

/** Anonymous visitors may request tokens, too, for public repositories. @throws RegistryError UNAUTHORIZED for wrong credentials. */
async function whoAsks(
  access: AccountAccess,
  { request, response }: Exchange,
  form: URLSearchParams | undefined,
): Promise<AccountVisitor> {
  const named = form ? `${form.get('username') ?? ''}:${form.get('password') ?? ''}` : undefined;
  const basic = named === undefined ? undefined : `Basic ${Buffer.from(named).toString('base64')}`;
  const sent = basic ?? request.headers.authorization;
  const visitor = sent === undefined ? access.anonymous() : await access.signIn(request, sent);
  if (visitor) return visitor;
  response.header('WWW-Authenticate', 'Basic realm="barge-registry"');
  throw registryError('UNAUTHORIZED', 'incorrect username or password');
}

async function formOf({ request }: Exchange): Promise<URLSearchParams> {
  const bytes = await readBounded(request, MAX_FORM);
  const form = new URLSearchParams(bytes ? Buffer.from(bytes).toString() : '');
  if (form.get('grant_type') !== 'password') {
    throw registryError('UNSUPPORTED', 'the only grant_type is password');
  }
  return form;
}

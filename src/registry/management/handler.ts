import { invalidParameter } from '../../core/errors.ts';
import { isObject } from '../../core/is-object.ts';
import { respond } from '../../http/errors.ts';
import { readBounded } from '../../http/read-bounded.ts';
import { NOBODY, type Visitor } from '../auth/access.ts';
import type { AccountAccess } from '../auth/account-access.ts';
import { clientAddress } from '../client-address.ts';
import { noteCut } from '../errors.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { registryError } from '../registry-error.ts';
import type { Action, Body, Caller } from './call.ts';
import { managementErrors } from './errors.ts';
import { assertJson, assertOwnOrigin } from './foreign-pages.ts';
import { assertMay, type Requirement } from './requirements.ts';

const MAX_BODY = 64 << 10;

/**
 * A route of the management API: identifies the caller by HTTP Basic or a personal token, and runs `action` when they are authorized.
 * The body is not read before.
 */
export function apiHandler(access: AccountAccess, requirement: Requirement, action: Action): Handler {
  return async (exchange) => {
    const failure = await respond(
      exchange,
      async () => {
        if (exchange.request.method !== 'GET') assertOwnOrigin(exchange.request, access.externalUrl);
        const visitor = requirement === 'nothing' ? NOBODY : await signedIn(access, exchange);
        const caller = callerOf(access, exchange, visitor);
        await assertMay(caller, requirement);
        const body = await bodyOf(exchange);
        const result = await action({ ...caller, access, exchange, body });
        await noteChange(caller, exchange);
        if (result === undefined) exchange.response.empty(204);
        else exchange.response.json(200, result, { 'Cache-Control': 'no-store' });
      },
      managementErrors(exchange.log),
    );
    noteCut(failure, exchange.log);
  };
}

const callerOf = ({ accounts }: AccountAccess, { params }: Exchange, visitor: Visitor): Caller => ({
  accounts,
  visitor,
  user: visitor.user ?? '',
  param: (name) => params[name] ?? '',
});

/** @throws RegistryError UNAUTHORIZED. */
async function signedIn(access: AccountAccess, { request, response }: Exchange): Promise<Visitor> {
  const { authorization } = request.headers;
  const visitor = authorization === undefined ? undefined : await access.signIn(request, authorization);
  if (visitor?.user !== undefined) return visitor;
  response.header('WWW-Authenticate', 'Basic realm="barge-registry"');
  throw registryError('UNAUTHORIZED', 'incorrect username or password');
}

async function noteChange({ accounts, visitor }: Caller, { request }: Exchange): Promise<void> {
  if (request.method === 'GET' || visitor.user === undefined) return;
  const target = new URL(request.url ?? '/', 'http://x').pathname;
  const address = clientAddress(request);
  await accounts.audit.note({ user: visitor.user, address, action: `api ${request.method}`, target });
}

async function bodyOf({ request }: Exchange): Promise<Body> {
  const bytes = await readBounded(request, MAX_BODY);
  if (bytes === undefined) throw invalidParameter(`the body is longer than ${MAX_BODY} bytes`);
  if (bytes.length === 0) return {};
  assertJson(request);
  try {
    const parsed: unknown = JSON.parse(bytes.toString());
    if (isObject(parsed)) return parsed;
  } catch {
    /* Reported below. */
  }
  throw invalidParameter('the body is not a JSON object');
}

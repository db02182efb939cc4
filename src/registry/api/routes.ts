import { invalidParameter } from '../../core/errors.ts';
import type { Accounts } from '../accounts/accounts.ts';
import { parseRole } from '../accounts/roles.ts';
import type { Visitor } from '../auth/access.ts';
import type { AccountAccess } from '../auth/account-access.ts';
import { clientAddress } from '../http/client-address.ts';
import { type Exchange, type Handler, type Method, sendEmpty, sendJson } from '../http/exchange.ts';
import { readBounded } from '../http/read-bounded.ts';
import { registryError } from '../registry-error.ts';
import type { RegistryStorage } from '../storage/storage.ts';
import { answerApiError } from './errors.ts';
import { openApiDocument } from './open-api.ts';

const MAX_BODY = 64 << 10;
const DAY = 24 * 3600_000;
const AUDIT_PAGE = 100;

type Body = Readonly<Record<string, unknown>>;
type On = (methods: Method[], path: string, handler: Handler) => void;

/** A request of the administration's API. */
interface Call {
  readonly exchange: Exchange;
  readonly accounts: Accounts;
  readonly visitor: Visitor;
  /** The one who asks. */
  readonly user: string;
  readonly body: Body;
  param(name: string): string;
}

type Action = (call: Call) => Promise<unknown> | unknown;

/** The API under `/api/v1`; `GET /api/v1/openapi.json` describes it. Who asks says so by HTTP Basic. */
export function apiRoutes(
  access: AccountAccess,
  storage: Pick<RegistryStorage, 'repositories'>,
  on: On,
): void {
  const route = (method: Method, path: string, action: Action) =>
    on([method], `/api/v1${path}`, apiHandler(access, action));
  on(['GET'], '/api/v1/openapi.json', async (exchange) => sendJson(exchange, 200, openApiDocument()));
  if (access.selfRegistration) on(['POST'], '/api/v1/register', register(access));
  route('GET', '/me', ({ accounts, user }) => accounts.user(user));
  route('PUT', '/me/password', async ({ accounts, user, body }) =>
    accounts.setPassword(user, textOf(body, 'password')),
  );
  tokenRoutes(route);
  userRoutes(route);
  organisationRoutes(route);
  quotaRoutes(route);
  repositoryRoutes(route, storage);
  route('GET', '/audit', ({ accounts, visitor, exchange }) => {
    assertAdmin(visitor);
    return accounts.audit.newest(Number(exchange.query.get('n')) || AUDIT_PAGE);
  });
}

/** Anybody may become a user, at most so often from one address. */
function register(access: AccountAccess): Handler {
  return async (exchange) => {
    try {
      const address = clientAddress(exchange.request);
      await access.limitRegistrations(address);
      const body = await bodyOf(exchange);
      await access.accounts.addUser(textOf(body, 'name'), textOf(body, 'password'));
      const entry = { user: textOf(body, 'name'), address, action: 'registered', target: '' };
      await access.accounts.audit.note(entry);
      sendEmpty(exchange, 204);
    } catch (error) {
      answerApiError(exchange, error);
    }
  };
}

type Route = (method: Method, path: string, action: Action) => void;

function tokenRoutes(route: Route): void {
  route('GET', '/tokens', ({ accounts, user }) => accounts.tokens.list(user));
  route('POST', '/tokens', ({ accounts, user, body }) => {
    const { role, repositories, days } = body;
    return accounts.tokens.create(user, {
      description: String(body.description ?? ''),
      ...(role === undefined ? {} : { role: parseRole(role) }),
      ...(Array.isArray(repositories) ? { repositories: repositories.map(String) } : {}),
      ...(typeof days === 'number' && days > 0 ? { expiresAt: Date.now() + days * DAY } : {}),
    });
  });
  route('DELETE', '/tokens/:id', ({ accounts, user, param }) => accounts.tokens.remove(param('id'), user));
}

function userRoutes(route: Route): void {
  const admins =
    (action: Action): Action =>
    (call) => {
      assertAdmin(call.visitor);
      return action(call);
    };
  route(
    'GET',
    '/users',
    admins(({ accounts }) => accounts.users()),
  );
  route(
    'POST',
    '/users',
    admins(async ({ accounts, body }) => {
      await accounts.addUser(textOf(body, 'name'), textOf(body, 'password'), { admin: body.admin === true });
    }),
  );
  route(
    'PATCH',
    '/users/:user',
    admins(async ({ accounts, body, param }) => {
      const flag = (name: string) => (typeof body[name] === 'boolean' ? { [name]: body[name] } : {});
      await accounts.updateUser(param('user'), { ...flag('admin'), ...flag('disabled') });
      if (typeof body.password === 'string') await accounts.setPassword(param('user'), body.password);
    }),
  );
  route(
    'DELETE',
    '/users/:user',
    admins(({ accounts, param }) => accounts.removeUser(param('user'))),
  );
}

function organisationRoutes(route: Route): void {
  const rulers =
    (action: Action): Action =>
    async (call) => {
      const isRuler = (await call.accounts.memberRole(call.param('organisation'), call.user)) === 'admin';
      if (!isRuler) assertAdmin(call.visitor);
      return action(call);
    };
  route('GET', '/organisations', async ({ accounts, visitor, user }) =>
    (await accounts.organisations()).filter(({ members }) => visitor.admin || user in members),
  );
  route('POST', '/organisations', ({ accounts, visitor, body }) => {
    assertAdmin(visitor);
    return accounts.addOrganisation(textOf(body, 'name'));
  });
  route(
    'DELETE',
    '/organisations/:organisation',
    rulers(({ accounts, param }) => accounts.removeOrganisation(param('organisation'))),
  );
  const member = '/organisations/:organisation/members/:user';
  route(
    'PUT',
    member,
    rulers(({ accounts, body, param }) =>
      accounts.setMember(param('organisation'), param('user'), parseRole(body.role)),
    ),
  );
  route(
    'DELETE',
    member,
    rulers(({ accounts, param }) => accounts.setMember(param('organisation'), param('user'), undefined)),
  );
}

/** What users and organisations may fill, in bytes; null: as much as there is. */
function quotaRoutes(route: Route): void {
  route('GET', '/quotas/:owner', async ({ accounts, visitor, user, param }) => {
    const isRuler = (await accounts.memberRole(param('owner'), user)) === 'admin';
    if (param('owner') !== user && !isRuler) assertAdmin(visitor);
    return { owner: param('owner'), bytes: (await accounts.quotaOf(param('owner'))) ?? null };
  });
  route('PUT', '/quotas/:owner', async ({ accounts, visitor, body, param }) => {
    assertAdmin(visitor);
    const { bytes } = body;
    if (bytes !== null && !(Number.isSafeInteger(bytes) && Number(bytes) >= 0)) {
      throw invalidParameter('"bytes" is neither a number nor null');
    }
    await accounts.setQuota(param('owner'), bytes === null ? undefined : Number(bytes));
  });
}

function repositoryRoutes(route: Route, storage: Pick<RegistryStorage, 'repositories'>): void {
  const owners =
    (action: Action): Action =>
    async (call) => {
      if (!(await call.visitor.can(call.param('repository'), 'delete'))) throw denied();
      return action(call);
    };
  route('GET', '/repositories', async ({ accounts, visitor }) => {
    const seen = [];
    for (const name of await storage.repositories()) {
      if (await visitor.sees(name)) seen.push({ name, ...(await accounts.settings(name)) });
    }
    return seen;
  });
  route(
    'GET',
    '/repositories/:repository',
    owners(async ({ accounts, param }) => ({
      name: param('repository'),
      ...(await accounts.settings(param('repository'))),
      grants: await accounts.grants(param('repository')),
    })),
  );
  route(
    'PATCH',
    '/repositories/:repository',
    owners(({ accounts, body, param }) => {
      const flag = (name: string) => (typeof body[name] === 'boolean' ? { [name]: body[name] } : {});
      const { retention } = body;
      if (retention !== undefined && !Array.isArray(retention)) {
        throw invalidParameter('"retention" is not a list of rules');
      }
      return accounts.changeSettings(param('repository'), {
        ...flag('public'),
        ...flag('immutableTags'),
        ...(retention === undefined ? {} : { retention }),
      });
    }),
  );
  const grant = '/repositories/:repository/grants/:user';
  route(
    'PUT',
    grant,
    owners(({ accounts, body, param }) =>
      accounts.grant(param('repository'), param('user'), parseRole(body.role)),
    ),
  );
  route(
    'DELETE',
    grant,
    owners(({ accounts, param }) => accounts.grant(param('repository'), param('user'), undefined)),
  );
}

function apiHandler(access: AccountAccess, action: Action): Handler {
  return async (exchange) => {
    try {
      const visitor = await access.signIn(exchange.request, exchange.request.headers.authorization);
      if (visitor?.user === undefined) {
        exchange.response.setHeader('WWW-Authenticate', 'Basic realm="barge-registry"');
        throw registryError('UNAUTHORIZED', 'incorrect username or password');
      }
      const { user } = visitor;
      const { accounts } = access;
      const body = await bodyOf(exchange);
      const param = (name: string) => exchange.params[name] ?? '';
      const result = await action({ exchange, accounts, visitor, user, body, param });
      if (exchange.request.method !== 'GET') {
        const address = clientAddress(exchange.request);
        const target = new URL(exchange.request.url ?? '/', 'http://x').pathname;
        await accounts.audit.note({ user, address, action: `api ${exchange.request.method}`, target });
      }
      if (result === undefined) sendEmpty(exchange, 204);
      else sendJson(exchange, 200, result, { 'Cache-Control': 'no-store' });
    } catch (error) {
      answerApiError(exchange, error);
    }
  };
}

async function bodyOf({ request }: Exchange): Promise<Body> {
  const bytes = await readBounded(request, MAX_BODY);
  if (bytes === undefined) throw invalidParameter(`the body is longer than ${MAX_BODY} bytes`);
  if (bytes.length === 0) return {};
  try {
    const parsed: unknown = JSON.parse(bytes.toString());
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Body;
  } catch {
    /* Said below. */
  }
  throw invalidParameter('the body is not a JSON object');
}

function textOf(body: Body, name: string): string {
  const value = body[name];
  if (typeof value === 'string' && value !== '') return value;
  throw invalidParameter(`"${name}" is missing in the body`);
}

function assertAdmin(visitor: Visitor): void {
  if (!visitor.admin) throw denied();
}

const denied = () => registryError('DENIED', 'this takes an administrator');

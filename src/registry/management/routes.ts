import { invalidParameter } from '../../core/errors.ts';
import type { Method } from '../../http/router.ts';
import { parseRole } from '../accounts/roles.ts';
import type { AccountAccess } from '../auth/account-access.ts';
import { clientAddress } from '../client-address.ts';
import type { Handler } from '../exchange.ts';
import { registryError } from '../registry-error.ts';
import type { RegistryStorage } from '../storage/storage.ts';
import { type Action, flagsOf, textOf } from './call.ts';
import { apiHandler } from './handler.ts';
import { openApiDocument } from './open-api.ts';
import type { Requirement } from './requirements.ts';

const DAY = 24 * 3600_000;
const AUDIT_PAGE = 100;
const MAX_DESCRIPTION = 1000;

/** Declares a route; every route has a requirement. */
type Route = (method: Method, path: string, requirement: Requirement, action: Action) => void;

/** The API under `/api/v1`; `GET /api/v1/openapi.json` describes it. */
export function apiRoutes(
  access: AccountAccess,
  storage: Pick<RegistryStorage, 'repositories'>,
  on: (method: Method, path: string, handler: Handler) => void,
): void {
  const route: Route = (method, path, requirement, action) =>
    on(method, `/api/v1${path}`, apiHandler(access, requirement, action));
  route('GET', '/openapi.json', 'nothing', () => openApiDocument());
  if (access.selfRegistration) route('POST', '/register', 'nothing', register);
  ownRoutes(route);
  userRoutes(route);
  organisationRoutes(route);
  ownershipRoutes(route);
  repositoryRoutes(route, storage);
  route('GET', '/audit', 'an administrator', ({ accounts, exchange }) =>
    accounts.audit.newest(pageSizeIn(exchange.query.get('n'))),
  );
}

function pageSizeIn(text: string | null): number {
  if (text === null) return AUDIT_PAGE;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw invalidParameter('"n" is not a positive whole number');
}

/** Self-registration, limited per address. */
const register: Action = async ({ access, accounts, exchange, body }) => {
  const address = clientAddress(exchange.request);
  await access.limitRegistrations(address);
  const user = textOf(body, 'name');
  await accounts.register(user, textOf(body, 'password'));
  await accounts.audit.note({ user, address, action: 'registered', target: '' });
};

function ownRoutes(route: Route): void {
  route('GET', '/me', 'a user', ({ accounts, user }) => accounts.user(user));
  route('PUT', '/me/password', 'a user, by password', async ({ access, accounts, exchange, user, body }) => {
    if (!(await access.isPassword(exchange.request, user, textOf(body, 'current')))) {
      throw registryError('DENIED', '"current" is not the current password');
    }
    await accounts.setPassword(user, textOf(body, 'password'));
  });
  route('GET', '/tokens', 'a user, by password', ({ accounts, user }) => accounts.tokens.list(user));
  route('POST', '/tokens', 'a user, by password', ({ accounts, user, body }) => {
    const { role, repositories, days } = body;
    return accounts.tokens.create(user, {
      description: String(body.description ?? '').slice(0, MAX_DESCRIPTION),
      ...(role === undefined ? {} : { role: parseRole(role) }),
      ...(repositories === undefined ? {} : { repositories: namesIn(repositories) }),
      ...(days === undefined ? {} : { expiresAt: expiryIn(days) }),
    });
  });
  route('DELETE', '/tokens/{id}', 'a user, by password', ({ accounts, user, param }) =>
    accounts.tokens.remove(param('id'), user),
  );
}

/** An invalid list must not result in a token with more rights than intended. */
function namesIn(value: unknown): string[] {
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '');
  if (isList) return value;
  throw invalidParameter('"repositories" is not a list of names');
}

/** The expiry after a number of days, in whole milliseconds since 1970. */
function expiryIn(days: unknown): number {
  const at = typeof days === 'number' && days > 0 ? Math.ceil(Date.now() + days * DAY) : Number.NaN;
  if (Number.isSafeInteger(at)) return at;
  throw invalidParameter('"days" is not a positive number of days, or too large');
}

function userRoutes(route: Route): void {
  route('GET', '/users', 'an administrator', ({ accounts }) => accounts.users());
  route('POST', '/users', 'an administrator, by password', async ({ accounts, body }) => {
    await accounts.addUser(textOf(body, 'name'), textOf(body, 'password'), flagsOf(body, 'admin'));
  });
  route(
    'PATCH',
    '/users/{user}',
    'an administrator, by password',
    async ({ accounts, user, body, param }) => {
      const { password } = body;
      if (password !== undefined && param('user') === user) {
        throw invalidParameter('change your own password with PUT /api/v1/me/password');
      }
      await accounts.updateUser(param('user'), flagsOf(body, 'admin', 'disabled'));
      if (password !== undefined) await accounts.setPassword(param('user'), textOf(body, 'password'));
    },
  );
  route('DELETE', '/users/{user}', 'an administrator, by password', ({ accounts, param }) =>
    accounts.removeUser(param('user')),
  );
}

function organisationRoutes(route: Route): void {
  route('GET', '/organisations', 'a user', async ({ accounts, visitor, user }) =>
    (await accounts.organisations()).filter(({ members }) => visitor.admin || Object.hasOwn(members, user)),
  );
  route('POST', '/organisations', 'an administrator, by password', ({ accounts, body }) =>
    accounts.addOrganisation(textOf(body, 'name')),
  );
  const leaders = 'an administrator of the organisation, by password';
  route('DELETE', '/organisations/{organisation}', leaders, ({ accounts, param }) =>
    accounts.removeOrganisation(param('organisation')),
  );
  const member = '/organisations/{organisation}/members/{user}';
  route('PUT', member, leaders, ({ accounts, body, param }) =>
    accounts.setMember(param('organisation'), param('user'), parseRole(body.role)),
  );
  route('DELETE', member, leaders, ({ accounts, param }) =>
    accounts.setMember(param('organisation'), param('user'), undefined),
  );
}

/** The accounts' quotas, in bytes (null: no limit), and their namespaces. */
function ownershipRoutes(route: Route): void {
  route('GET', '/quotas/{owner}', 'the owner or an administrator', async ({ accounts, param }) => ({
    owner: param('owner'),
    bytes: (await accounts.quotaOf(param('owner'))) ?? null,
  }));
  route('PUT', '/quotas/{owner}', 'an administrator, by password', async ({ accounts, body, param }) => {
    const { bytes } = body;
    if (bytes !== null && !(Number.isSafeInteger(bytes) && Number(bytes) >= 0)) {
      throw invalidParameter('"bytes" is neither a number nor null');
    }
    await accounts.setQuota(param('owner'), bytes === null ? undefined : Number(bytes));
  });
  route('GET', '/namespaces', 'an administrator', ({ accounts }) => accounts.namespaces.list());
  route('PUT', '/namespaces/{namespace}', 'an administrator, by password', ({ accounts, body, param }) => {
    const owner = body.owner === null ? undefined : textOf(body, 'owner');
    return accounts.namespaces.give(param('namespace'), owner);
  });
}

function repositoryRoutes(route: Route, storage: Pick<RegistryStorage, 'repositories'>): void {
  route('GET', '/repositories', 'a user', async ({ accounts, visitor }) => {
    const seen = [];
    for (const name of await storage.repositories()) {
      if (await visitor.sees(name)) seen.push({ name, ...(await accounts.settings(name)) });
    }
    return seen;
  });
  const one = '/repositories/{repository}';
  route('GET', one, 'an administrator of the repository', async ({ accounts, param }) => ({
    name: param('repository'),
    ...(await accounts.settings(param('repository'))),
    grants: await accounts.grants(param('repository')),
  }));
  route('PATCH', one, 'an administrator of the repository', ({ accounts, body, param }) => {
    const { retention } = body;
    if (retention !== undefined && !Array.isArray(retention)) {
      throw invalidParameter('"retention" is not a list of rules');
    }
    return accounts.changeSettings(param('repository'), {
      ...flagsOf(body, 'public', 'immutableTags'),
      ...(retention === undefined ? {} : { retention }),
    });
  });
  const grant = '/repositories/{repository}/grants/{user}';
  const byPassword = 'an administrator of the repository, by password';
  route('PUT', grant, byPassword, ({ accounts, body, param }) =>
    accounts.grant(param('repository'), param('user'), parseRole(body.role)),
  );
  route('DELETE', grant, byPassword, ({ accounts, param }) =>
    accounts.grant(param('repository'), param('user'), undefined),
  );
}

/** Every route × every kind of credential: which requests are authorized. A route without a row here fails. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import bcrypt from 'bcryptjs';
import { pino } from 'pino';
import { Accounts } from './accounts/accounts.ts';
import { usersOnly } from './auth/access.ts';
import { AccountAccess } from './auth/account-access.ts';
import { SqliteDatabase } from './database/sqlite.ts';
import { createRequestHandler } from './request-handler.ts';
import { RegistryRoutes } from './routes.ts';
import { Rules } from './rules.ts';
import { RegistryServer } from './server.ts';
import { openFileSystem } from './storage/file-system/open.ts';
import { temporaryDirectory } from './testing/temporary-directory.ts';

const PASSWORD = 'correct horse';
const basic = (user: string, password = PASSWORD) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** Short names of credentials, in the order of the table's letters. */
const KINDS = {
  /** No credentials. */
  anonymous: '-',
  /** Passwords: of the administrator root, of the repository's and organisation's leader anna, of members, of a stranger. */
  root: 'R',
  anna: 'A',
  pusher: 'U',
  puller: 'L',
  eve: 'E',
  /** Personal tokens of the administrator. */
  'root: admin': 'x',
  'root: push': 'y',
  'root: pull': 'z',
  /** Personal tokens of anna; `narrow` is an admin's for other repositories. */
  'anna: admin': 'a',
  'anna: push': 'b',
  'anna: pull': 'c',
  'anna: narrow': 'd',
  /** Bearer tokens for the repository, for the list of repositories, and for nothing. */
  'bearer: delete': 'X',
  'bearer: push': 'Y',
  'bearer: pull': 'Z',
  'bearer: catalog': 'C',
  'bearer: nothing': 'N',
  /** Credentials that must never be accepted. */
  wrong: '0',
  expired: '1',
  revoked: '2',
  garbage: '3',
  disabled: '4',
} as const;
type Kind = keyof typeof KINDS;

/** All visitors, authenticated or not. */
const ANYBODY = Object.values(KINDS).join('');
/** Basic and personal tokens of any user. */
const USERS = 'RAULExyzabcd';
const PULL = 'RAULxyzabcZ';
const LISTS = `${USERS}C`;

/**
 * Authorized credentials, by route; all others are rejected with 401 or 403. A body is sent where one is needed to pass the
 * authorization; whether the request then succeeds is not checked.
 */
const TABLE: Readonly<Record<string, string>> = {
  'GET /v2': `${USERS}XYZCN`,
  'HEAD /v2': `${USERS}XYZCN`,
  'GET /v2/_catalog': LISTS,
  'GET /v2/:name/manifests/:reference': PULL,
  'HEAD /v2/:name/manifests/:reference': PULL,
  'PUT /v2/:name/manifests/:reference': 'RAUxyabY',
  'DELETE /v2/:name/manifests/:reference': 'RAxaX',
  'GET /v2/:name/blobs/:digest': PULL,
  'HEAD /v2/:name/blobs/:digest': PULL,
  'DELETE /v2/:name/blobs/:digest': 'RAxaX',
  'POST /v2/:name/blobs/uploads': 'RAUxyabY',
  'GET /v2/:name/blobs/uploads/:id': 'RAUxyabY',
  'PATCH /v2/:name/blobs/uploads/:id': 'RAUxyabY',
  'PUT /v2/:name/blobs/uploads/:id': 'RAUxyabY',
  'DELETE /v2/:name/blobs/uploads/:id': 'RAUxyabY',
  'GET /v2/:name/tags/list': PULL,
  'GET /v2/:name/referrers/:digest': PULL,
  /* Anonymous clients get tokens for public repositories; a bearer token cannot get another one. */
  'GET /token': `-${USERS}`,
  /* The credentials are in the form, so the header is ignored. */
  'POST /token': '',
  'GET /api/v1/openapi.json': ANYBODY,
  'POST /api/v1/register': ANYBODY,
  'GET /api/v1/me': USERS,
  'PUT /api/v1/me/password': 'RAULE',
  'GET /api/v1/tokens': 'RAULE',
  'POST /api/v1/tokens': 'RAULE',
  'DELETE /api/v1/tokens/:id': 'RAULE',
  'GET /api/v1/users': 'Rx',
  'POST /api/v1/users': 'R',
  'PATCH /api/v1/users/:user': 'R',
  'DELETE /api/v1/users/:user': 'R',
  'GET /api/v1/organisations': USERS,
  'POST /api/v1/organisations': 'R',
  'DELETE /api/v1/organisations/:organisation': 'RA',
  'PUT /api/v1/organisations/:organisation/members/:user': 'RA',
  'DELETE /api/v1/organisations/:organisation/members/:user': 'RA',
  'GET /api/v1/quotas/:owner': 'RAx',
  'PUT /api/v1/quotas/:owner': 'R',
  'GET /api/v1/namespaces': 'Rx',
  'PUT /api/v1/namespaces/:namespace': 'R',
  'GET /api/v1/repositories': USERS,
  'GET /api/v1/repositories/:repository': 'RAxa',
  'PATCH /api/v1/repositories/:repository': 'RAxa',
  'PUT /api/v1/repositories/:repository/grants/:user': 'RA',
  'DELETE /api/v1/repositories/:repository/grants/:user': 'RA',
  'GET /api/v1/audit': 'Rx',
};

/** No parameter names anything whose removal would change the rights of later requests. */
const PARAMETERS: Readonly<Record<string, string>> = {
  name: 'shop/app',
  reference: 'v1',
  digest: `sha256:${'0'.repeat(64)}`,
  id: 'ffffffffffffffffffffffffffffffff',
  user: 'nobody',
  organisation: 'shop',
  owner: 'shop',
  namespace: 'nothing',
  repository: 'shop%2Fapp',
};

async function start(t: TestContext) {
  const directory = await temporaryDirectory();
  const storage = await openFileSystem(directory.path);
  const accounts = new Accounts(new SqliteDatabase(':memory:'));
  /* The lowest cost, because hundreds of sign-ins fail here. */
  const hash = await bcrypt.hash(PASSWORD, 4);
  await accounts.addUserWithHash('root', hash, { admin: true });
  for (const name of ['anna', 'pusher', 'puller', 'eve', 'disabled'])
    await accounts.addUserWithHash(name, hash);
  const access = new AccountAccess(accounts, { selfRegistration: true, counters: unlimited });
  const log = pino({ level: 'silent' });
  const server = new RegistryServer(createRequestHandler({ storage, log, accounts: access }), {
    drainTimeout: 100,
  });
  t.after(async () => {
    await server.close();
    await directory[Symbol.asyncDispose]();
  });
  return { storage, accounts, access, url: await server.listen('127.0.0.1', 0) };
}

/** Wrong passwords are sent deliberately. */
const unlimited = { add: async () => ({ count: 0, until: 0 }) };

async function resetOrganisation(accounts: Accounts): Promise<void> {
  if (!(await accounts.organisations()).some(({ name }) => name === 'shop')) {
    await accounts.namespaces.give('shop', undefined).catch(() => {});
    await accounts.addOrganisation('shop');
    await accounts.namespaces.use('shop/app');
    await accounts.namespaces.give('shop', 'shop');
  }
  await accounts.setMember('shop', 'anna', 'admin');
  await accounts.setMember('shop', 'pusher', 'push');
  await accounts.setMember('shop', 'puller', 'pull');
}

async function credentials(accounts: Accounts, url: string): Promise<Record<Kind, string | undefined>> {
  const token = async (user: string, options: Parameters<Accounts['tokens']['create']>[1]) =>
    (await accounts.tokens.create(user, options)).token;
  const personal = async (user: string, role: 'pull' | 'push' | 'admin') =>
    basic(user, await token(user, { role }));
  const bearer = async (user: string, scope: string) => {
    const response = await fetch(`${url}/token?scope=${scope}`, { headers: { authorization: basic(user) } });
    return `Bearer ${((await response.json()) as { token: string }).token}`;
  };
  const revoked = await accounts.tokens.create('root', { role: 'admin' });
  await accounts.tokens.remove(revoked.id);
  const expired = await token('root', { role: 'admin', expiresAt: Date.now() - 1 });
  await accounts.updateUser('disabled', { admin: true, disabled: true });
  return {
    anonymous: undefined,
    root: basic('root'),
    anna: basic('anna'),
    pusher: basic('pusher'),
    puller: basic('puller'),
    eve: basic('eve'),
    'root: admin': await personal('root', 'admin'),
    'root: push': await personal('root', 'push'),
    'root: pull': `Bearer ${await token('root', { role: 'pull' })}`,
    'anna: admin': await personal('anna', 'admin'),
    'anna: push': await personal('anna', 'push'),
    'anna: pull': await personal('anna', 'pull'),
    'anna: narrow': basic('anna', await token('anna', { role: 'admin', repositories: ['other/'] })),
    'bearer: delete': await bearer('anna', 'repository:shop/app:delete'),
    'bearer: push': await bearer('anna', 'repository:shop/app:push'),
    'bearer: pull': await bearer('anna', 'repository:shop/app:pull'),
    'bearer: catalog': await bearer('anna', 'registry:catalog:*'),
    'bearer: nothing': await bearer('root', ''),
    wrong: basic('root', 'wrong'),
    expired: basic('root', expired),
    revoked: basic('root', revoked.token),
    garbage: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.',
    disabled: basic('disabled'),
  };
}

const JSON_TYPE = 'application/json';
/** Bodies of routes that need one to get as far as the authorization: type and text. */
const BODIES: Readonly<Record<string, readonly [string, string]>> = {
  'POST /token': ['application/x-www-form-urlencoded', 'grant_type=password'],
  'POST /api/v1/tokens': [JSON_TYPE, '{"role":"nonsense"}'],
};

/** A pattern with the table's parameters. */
const plain = (pattern: string) => pattern.replaceAll(/\{(\w+)(\.\.\.)?\}/g, ':$1');

const urlOf = (path: string) => path.replaceAll(/:(\w+)/g, (_, name: string) => PARAMETERS[name] ?? 'none');

async function isLetIn(url: string, route: string, authorization: string | undefined): Promise<boolean> {
  const [method = '', path = ''] = route.split(' ');
  const [type, body] = BODIES[route] ?? [];
  const response = await fetch(`${url}${urlOf(path)}`, {
    method,
    headers: {
      ...(authorization === undefined ? {} : { authorization }),
      ...(type === undefined ? {} : { 'content-type': type }),
    },
    ...(body === undefined ? {} : { body }),
  });
  await response.arrayBuffer();
  return response.status !== 401 && response.status !== 403;
}

test('each route accepts exactly the credentials in its row', async (t) => {
  const { storage, accounts, access, url } = await start(t);
  await resetOrganisation(accounts);
  const rules = new Rules({ measure: async () => 0 });
  const routes = new RegistryRoutes({ storage, accounts: access, rules }).declared.map(
    ({ method, pattern }) => `${method} ${plain(pattern)}`,
  );
  assert.deepEqual(Object.keys(TABLE).sort(), routes.sort(), 'every route has a row, every row a route');
  const sent = await credentials(accounts, url);
  for (const [route, row] of Object.entries(TABLE)) {
    const entered: string[] = [];
    for (const [kind, letter] of Object.entries(KINDS) as [Kind, string][]) {
      if (route.includes('DELETE /api/v1/organisations')) await resetOrganisation(accounts);
      if (await isLetIn(url, route, sent[kind])) entered.push(letter);
    }
    assert.equal(entered.sort().join(''), [...row].sort().join(''), route);
  }
});

test('with an htpasswd file, every content route accepts its users only', async (t) => {
  await using directory = await temporaryDirectory();
  const storage = await openFileSystem(directory.path);
  const access = usersOnly({
    challenge: 'Basic',
    authenticate: async (sent) => (sent === basic('anna') ? 'anna' : undefined),
  });
  const rules = new Rules({ measure: async () => 0 });
  const { declared } = new RegistryRoutes({ storage, rules });
  assert.ok(declared.every(({ target, pattern }) => target.needs !== 'self' && !pattern.startsWith('/api')));
  const log = pino({ level: 'silent' });
  const server = new RegistryServer(createRequestHandler({ storage, log, access }), { drainTimeout: 100 });
  t.after(() => server.close());
  const url = await server.listen('127.0.0.1', 0);
  for (const { method, pattern } of declared) {
    const route = `${method} ${plain(pattern)}`;
    assert.equal(await isLetIn(url, route, basic('anna')), true, route);
    for (const other of [undefined, basic('anna', 'x'), basic('eve'), 'Bearer x', 'Basic !']) {
      assert.equal(await isLetIn(url, route, other), false, `${route} with ${other}`);
    }
  }
  assert.equal((await fetch(`${url}/api/v1/me`, { headers: { authorization: basic('anna') } })).status, 404);
});

test('a token can neither create tokens, nor change the password or roles, regardless of its own role', async (t) => {
  const { accounts, url } = await start(t);
  await accounts.addOrganisation('firm');
  const { token } = await accounts.tokens.create('root', { role: 'admin' });
  const ask = async (authorization: string, method: string, path: string, body: object) => {
    const headers = { authorization, 'content-type': 'application/json' };
    return (await fetch(`${url}/api/v1${path}`, { method, headers, body: JSON.stringify(body) })).status;
  };
  const forbidden: [string, string, object][] = [
    ['POST', '/tokens', { role: 'pull' }],
    ['PUT', '/me/password', { current: token, password: 'mine' }],
    ['PUT', '/me/password', { current: PASSWORD, password: 'mine' }],
    ['PATCH', '/users/eve', { password: 'mine' }],
    ['PATCH', '/users/eve', { admin: true }],
    ['PUT', '/organisations/firm/members/eve', { role: 'admin' }],
    ['PUT', '/repositories/firm%2Fapp/grants/eve', { role: 'admin' }],
  ];
  for (const [method, path, body] of forbidden) {
    assert.equal(await ask(basic('root', token), method, path, body), 403, `${method} ${path}`);
  }
  assert.equal((await accounts.tokens.list('root')).length, 1);
  const change = (body: object) => ask(basic('root'), 'PUT', '/me/password', body);
  assert.equal(await change({ password: 'new' }), 400, 'without the current one');
  assert.equal(await change({ current: 'wrong', password: 'new' }), 403);
  assert.equal(await change({ current: token, password: 'new' }), 403, 'a token is not a password');
  assert.equal(await ask(basic('root'), 'PATCH', '/users/root', { password: 'new' }), 400, 'nor round it');
  assert.equal(await change({ current: PASSWORD, password: 'new' }), 204);
  assert.equal(await ask(basic('root', 'new'), 'PATCH', '/users/eve', { password: 'reset' }), 204);
  assert.equal(await ask(basic('eve', 'reset'), 'POST', '/tokens', { role: 'pull' }), 200);
});

test('invalid members of a token request are rejected rather than ignored', async (t) => {
  const { url } = await start(t);
  const headers = { authorization: basic('eve'), 'content-type': 'application/json' };
  for (const body of [
    { repositories: 'shop/' },
    { repositories: [1] },
    { days: '1' },
    { days: 0 },
    { days: 1e300 },
    { role: 'all' },
  ]) {
    const response = await fetch(`${url}/api/v1/tokens`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    assert.equal(response.status, 400, JSON.stringify(body));
  }
});

test('invalid numbers and flags of the management API are rejected, not ignored', async (t) => {
  const { url } = await start(t);
  const ask = (path: string, method = 'GET', body?: object) =>
    fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: basic('root'), 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  for (const n of ['0.5', '-1', '1e99', 'x', '']) assert.equal((await ask(`/audit?n=${n}`)).status, 400, n);
  assert.equal((await ask('/audit?n=2')).status, 200);
  for (const disabled of ['true', 1, null]) {
    assert.equal((await ask('/users/eve', 'PATCH', { disabled })).status, 400, `${disabled}`);
  }
  assert.equal((await ask('/repositories/shop%2Fapp', 'PATCH', { public: 'no' })).status, 400);
  assert.equal((await ask('/users', 'POST', { name: 'new', password: PASSWORD, admin: 'no' })).status, 400);
  const { status } = await ask('/tokens', 'POST', { days: 0.3333333 });
  assert.equal(status, 200, 'a part of a day');
});

test('a browser’s requests on behalf of other pages are rejected, and so are bodies that are not JSON', async (t) => {
  const { url } = await start(t);
  const make = async (headers: Record<string, string>, method = 'POST', path = '/tokens') => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: basic('eve'), ...headers },
      ...(method === 'POST' ? { body: '{"role":"pull"}' } : {}),
    });
    return response.status;
  };
  const json = { 'content-type': 'application/json' };
  assert.equal(await make(json), 200);
  assert.equal(await make({ 'content-type': 'application/json; charset=utf-8', origin: url }), 200);
  assert.equal(await make({ ...json, 'sec-fetch-site': 'same-origin' }), 200);
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', ''])
    assert.equal(await make({ 'content-type': type }), 415, type);
  for (const origin of [
    'https://evil.example',
    'null',
    `${url}.evil.example`,
    'file://',
    'http://127.0.0.1:1',
  ])
    assert.equal(await make({ ...json, origin }), 403, origin);
  for (const site of ['cross-site', 'same-site'])
    assert.equal(await make({ ...json, 'sec-fetch-site': site }), 403, site);
  assert.equal(
    await make({ origin: 'https://evil.example' }, 'DELETE', '/tokens/x'),
    403,
    'without a body too',
  );
});

test('a name that looks like another part of the path grants no additional rights', async (t) => {
  const { accounts, url } = await start(t);
  await resetOrganisation(accounts);
  const status = async (user: string, method: string, path: string) => {
    const response = await fetch(`${url}${path}`, { method, headers: { authorization: basic(user) } });
    return response.status;
  };
  /* Deleting requires an administrator of the repository, pulling only the pull role, regardless of the name. */
  for (const name of ['shop/blobs/uploads', 'shop/blobs/uploads/app', 'shop/api/v1', 'shop/token']) {
    assert.equal(await status('pusher', 'DELETE', `/v2/${name}/manifests/v1`), 403, name);
    assert.equal(await status('puller', 'GET', `/v2/${name}/manifests/v1`), 404, name);
  }
  const odd = [
    'shop%2Fapp',
    'eve/../shop/app',
    'eve/%2e%2e/shop/app',
    'eve%2F..%2Fshop%2Fapp',
    'SHOP/app',
    'Shop/App',
  ];
  const odder = [
    'sho\u0440/app',
    '%73hop/app',
    'shop%00/app',
    'shop//app',
    'shop/app%20',
    './shop/app',
    'eve/app/..',
  ];
  for (const name of [...odd, ...odder]) {
    for (const rest of ['manifests/v1', 'tags/list', `blobs/${PARAMETERS.digest}`]) {
      /* fetch resolves dots itself, so some of these result in shop/app. */
      assert.ok(
        [400, 403, 404].includes(await status('eve', 'GET', `/v2/${name}/${rest}`)),
        `${name}/${rest}`,
      );
      const needs = `/v2/${name}/manifests/v1`;
      assert.notEqual(await status('eve', 'PUT', needs), 201, name);
    }
    const settings = `/api/v1/repositories/${encodeURIComponent(name)}`;
    assert.equal(await status('eve', 'GET', settings), 403, settings);
  }
});

test('a token request with too many scopes is rejected', async (t) => {
  const { url } = await start(t);
  const scope = Array.from({ length: 101 }, (_, i) => `repository:a/${i}:pull`).join(' ');
  assert.equal((await fetch(`${url}/token?scope=${encodeURIComponent(scope)}`)).status, 405);
});

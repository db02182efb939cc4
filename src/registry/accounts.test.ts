import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Accounts } from './accounts/accounts.ts';
import { AccountAccess, type AccountOptions } from './auth/account-access.ts';
import { setPassword } from './auth/set-password.ts';
import { SqliteDatabase } from './database/sqlite.ts';
import { OPERATIONS } from './management/open-api.ts';
import { imageManifest } from './testing/push.ts';
import { runRegistry } from './testing/registry-process.ts';
import { startTestRegistry } from './testing/test-registry.ts';

const PASSWORD = 'correct horse';
const basic = (user: string, password = PASSWORD) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** A registry with the administrator root, the users anna and otto, and the organisation shop. */
async function start(t: TestContext, options: AccountOptions = {}) {
  const accounts = new Accounts(new SqliteDatabase(':memory:'));
  await accounts.addUser('root', PASSWORD, { admin: true });
  for (const name of ['anna', 'otto', 'eve']) await accounts.addUser(name, PASSWORD);
  await accounts.addOrganisation('shop');
  await accounts.setMember('shop', 'anna', 'push');
  await accounts.setMember('shop', 'otto', 'pull');
  const registry = await startTestRegistry({ accounts: new AccountAccess(accounts, options) });
  t.after(async () => {
    await registry[Symbol.asyncDispose]();
  });
  const ask = (path: string, authorization?: string, init: RequestInit = {}) =>
    fetch(`${registry.url}${path}`, {
      ...init,
      headers: { ...init.headers, ...(authorization ? { authorization } : {}) },
    });
  return { accounts, registry, ask };
}

type Ask = Awaited<ReturnType<typeof start>>['ask'];

const startUpload = async (ask: Ask, repository: string, authorization?: string) =>
  (await ask(`/v2/${repository}/blobs/uploads/`, authorization, { method: 'POST' })).status;
const listTags = async (ask: Ask, repository: string, authorization?: string) =>
  (await ask(`/v2/${repository}/tags/list`, authorization)).status;

async function bearer(ask: Ask, challenge: string, authorization?: string): Promise<string> {
  const {
    realm = '',
    service = '',
    scope = '',
  } = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
  const query = new URLSearchParams({ service, ...(scope ? { scope } : {}) });
  const response = await ask(`${new URL(realm).pathname}?${query}`, authorization);
  assert.equal(response.status, 200);
  const { token } = (await response.json()) as { token: string };
  return `Bearer ${token}`;
}

test('docker’s sign-in: a challenge with the scope, a token for it, the request again', async (t) => {
  const { ask, registry } = await start(t);
  const refused = await ask('/v2/shop/app/blobs/uploads/', undefined, { method: 'POST' });
  assert.equal(refused.status, 401);
  const challenge = refused.headers.get('WWW-Authenticate') ?? '';
  assert.equal(
    challenge,
    `Bearer realm="${registry.url}/token",service="${registry.host}",scope="repository:shop/app:pull,push"`,
  );
  assert.equal(await startUpload(ask, 'shop/app', await bearer(ask, challenge, basic('anna'))), 202);
  assert.equal(
    await startUpload(ask, 'shop/app', await bearer(ask, challenge, basic('otto'))),
    401,
    'may only pull',
  );
  assert.equal(await startUpload(ask, 'shop/app', await bearer(ask, challenge)), 401, 'nobody');
  const elsewhere = challenge.replace('shop/app', 'shop/other');
  assert.equal(
    await startUpload(ask, 'shop/app', await bearer(ask, elsewhere, basic('anna'))),
    401,
    'another scope',
  );
  assert.equal((await ask('/token?scope=repository:shop/app:pull', basic('anna', 'wrong'))).status, 401);
  assert.equal(await startUpload(ask, 'shop/app', 'Bearer nonsense'), 401);
});

test('the OAuth2 form of a token request', async (t) => {
  const { ask, registry } = await start(t);
  const form = {
    grant_type: 'password',
    service: registry.host,
    client_id: 'c',
    scope: 'repository:shop/app:pull',
  };
  const post = (more: Record<string, string>) =>
    ask('/token', undefined, { method: 'POST', body: new URLSearchParams({ ...form, ...more }) });
  const good = (await (await post({ username: 'otto', password: PASSWORD })).json()) as {
    access_token: string;
  };
  assert.notEqual(await listTags(ask, 'shop/app', `Bearer ${good.access_token}`), 401);
  assert.equal((await post({ username: 'otto', password: 'x' })).status, 401);
  assert.equal((await post({ grant_type: 'refresh_token' })).status, 405);
});

test('the owner of a name has all rights, members those of their role, others none', async (t) => {
  const { ask, accounts } = await start(t);
  assert.equal(await startUpload(ask, 'anna/app', basic('anna')), 202);
  assert.equal(await startUpload(ask, 'anna/app', basic('otto')), 403);
  assert.equal(await startUpload(ask, 'shop/app', basic('anna')), 202);
  assert.equal(await startUpload(ask, 'shop/app', basic('otto')), 403);
  assert.equal(
    await startUpload(ask, 'app', basic('anna')),
    403,
    'names without an owner are the administrators’',
  );
  assert.equal(await startUpload(ask, 'app', basic('root')), 202);
  await accounts.grant('app', 'eve', 'push');
  assert.equal(await startUpload(ask, 'app', basic('eve')), 202);
  await accounts.grant('app', 'eve', undefined);
  assert.equal(await startUpload(ask, 'app', basic('eve')), 403);
  await accounts.updateUser('anna', { disabled: true });
  assert.equal(await startUpload(ask, 'anna/app', basic('anna')), 401);
});

test('anyone may pull from a public repository, but not push', async (t) => {
  const { ask, accounts, registry } = await start(t);
  await accounts.changeSettings('shop/app', { public: true });
  const anonymous = await bearer(
    ask,
    `Bearer realm="${registry.url}/token",service="${registry.host}",scope="repository:shop/app:pull"`,
  );
  assert.equal(await listTags(ask, 'shop/app'), 404, 'no such repository yet, but no barrier');
  assert.equal(await listTags(ask, 'shop/app', anonymous), 404);
  assert.equal(await startUpload(ask, 'shop/app'), 401);
  assert.equal(await listTags(ask, 'shop/hidden'), 401);
  assert.equal((await ask('/v2/')).status, 401, 'so that clients learn how to sign in');
});

test('a personal access token replaces the password, with fewer rights and an expiry', async (t) => {
  const { ask, accounts } = await start(t);
  const pull = (await accounts.tokens.create('anna', { role: 'pull' })).token;
  assert.equal(await startUpload(ask, 'anna/app', basic('anna', pull)), 403);
  assert.equal(await listTags(ask, 'anna/app', basic('anna', pull)), 404);
  assert.equal(await listTags(ask, 'anna/app', `Bearer ${pull}`), 404);
  assert.equal(await listTags(ask, 'anna/app', basic('otto', pull)), 401, 'of somebody else');
  const narrow = await accounts.tokens.create('anna', { role: 'push', repositories: ['shop/'] });
  assert.equal(await startUpload(ask, 'shop/app', basic('anna', narrow.token)), 202);
  assert.equal(await startUpload(ask, 'anna/app', basic('anna', narrow.token)), 403);
  await accounts.tokens.remove(narrow.id, 'anna');
  assert.equal(await startUpload(ask, 'shop/app', basic('anna', narrow.token)), 401);
  const past = await accounts.tokens.create('anna', { expiresAt: Date.now() - 1 });
  assert.equal(await listTags(ask, 'anna/app', basic('anna', past.token)), 401);
});

test('a mount is denied from a repository that the visitor may not pull', async (t) => {
  const { ask, registry } = await start(t);
  const app = `${registry.url}/v2/anna/app`;
  const headers = { authorization: basic('anna') };
  const digest = 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
  assert.equal(
    (await fetch(`${app}/blobs/uploads/?digest=${digest}`, { method: 'POST', body: 'hello', headers }))
      .status,
    201,
  );
  const mount = async (user: string, to: string) =>
    (await ask(`/v2/${to}/blobs/uploads/?mount=${digest}&from=anna/app`, basic(user), { method: 'POST' }))
      .status;
  assert.equal(await mount('otto', 'otto/app'), 202, 'an ordinary upload instead');
  assert.equal(await mount('anna', 'anna/other'), 201);
});

test('the catalog lists the repositories that its reader may pull', async (t) => {
  const { ask, accounts, registry } = await start(t);
  for (const repository of ['anna/app', 'shop/app', 'otto/app']) {
    const [user = ''] = repository === 'shop/app' ? ['anna'] : repository.split('/');
    const fetchAs = globalThis.fetch;
    const authorized: typeof fetch = (input, init) =>
      fetchAs(input, { ...init, headers: { ...init?.headers, authorization: basic(user) } });
    globalThis.fetch = authorized;
    try {
      const manifest = await imageManifest(`${registry.url}/v2/${repository}`);
      const headers = { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json' };
      const body = new Uint8Array(manifest);
      assert.equal(
        (await fetch(`${registry.url}/v2/${repository}/manifests/v1`, { method: 'PUT', body, headers }))
          .status,
        201,
      );
    } finally {
      globalThis.fetch = fetchAs;
    }
  }
  const names = async (user: string) =>
    ((await (await ask('/v2/_catalog', basic(user))).json()) as { repositories: string[] }).repositories;
  assert.deepEqual(await names('root'), ['anna/app', 'otto/app', 'shop/app']);
  assert.deepEqual(await names('anna'), ['anna/app', 'shop/app']);
  assert.deepEqual(await names('eve'), []);
  await accounts.changeSettings('anna/app', { immutableTags: true });
  const other = JSON.stringify({
    ...JSON.parse(`${await (await ask('/v2/anna/app/manifests/v1', basic('anna'))).text()}`),
    annotations: { a: 'b' },
  });
  const move = (tag: string) =>
    ask(`/v2/anna/app/manifests/${tag}`, basic('anna'), {
      method: 'PUT',
      body: other,
      headers: { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json' },
    });
  const moved = await move('v1');
  assert.equal(moved.status, 403);
  assert.match(await moved.text(), /the tag v1 is immutable/);
  assert.equal((await move('v2')).status, 201);
  assert.ok(
    (await accounts.audit.newest(10)).some(
      ({ user, action, target }) => user === 'anna' && action === 'push' && target.startsWith('anna/app:v2@'),
    ),
  );
});

test('an address has to wait after many wrong passwords', async (t) => {
  const { ask } = await start(t);
  const responses = await Promise.all(Array.from({ length: 25 }, () => ask('/v2/', basic('anna', 'wrong'))));
  assert.ok(responses.every(({ status }) => status === 401 || status === 429));
  assert.equal((await ask('/v2/', basic('anna', 'wrong'))).status, 429);
});

test('the API manages users, organisations, repositories and tokens, for authorized callers', async (t) => {
  const { ask } = await start(t);
  const api = async (user: string, method: string, path: string, body?: unknown) => {
    const response = await ask(`/api/v1${path}`, basic(user), {
      method,
      ...(body ? { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } } : {}),
    });
    const text = await response.text();
    return [response.status, text ? JSON.parse(text) : undefined];
  };
  assert.equal((await api('anna', 'POST', '/users', { name: 'new', password: 'x' }))[0], 403);
  assert.equal((await api('root', 'POST', '/users', { name: 'new', password: 'x' }))[0], 204);
  assert.deepEqual(await api('root', 'POST', '/users', { name: 'new', password: 'x' }), [
    409,
    { message: 'the name new is in use' },
  ]);
  assert.equal((await api('root', 'POST', '/users', { name: 'A B', password: 'x' }))[0], 400);
  assert.equal((await api('root', 'POST', '/users', { name: 'x' }))[0], 400);
  assert.equal((await api('root', 'PATCH', '/users/new', { disabled: true }))[0], 204);
  assert.equal((await api('root', 'DELETE', '/users/new'))[0], 204);
  assert.equal((await api('root', 'DELETE', '/users/new'))[0], 404);
  assert.equal((await api('anna', 'PUT', '/organisations/shop/members/eve', { role: 'pull' }))[0], 403);
  assert.equal((await api('root', 'PUT', '/organisations/shop/members/anna', { role: 'admin' }))[0], 204);
  assert.equal((await api('anna', 'PUT', '/organisations/shop/members/eve', { role: 'pull' }))[0], 204);
  assert.equal((await api('anna', 'PUT', '/organisations/shop/members/eve', { role: 'boss' }))[0], 400);
  const [, [shop]] = await api('eve', 'GET', '/organisations');
  assert.deepEqual(shop, { name: 'shop', members: { anna: 'admin', eve: 'pull', otto: 'pull' } });
  assert.equal((await api('eve', 'PATCH', '/repositories/shop%2Fapp', { public: true }))[0], 403);
  assert.equal((await api('anna', 'PATCH', '/repositories/shop%2Fapp', { public: true }))[0], 204);
  assert.equal((await api('anna', 'PUT', '/repositories/shop%2Fapp/grants/otto', { role: 'push' }))[0], 204);
  assert.deepEqual((await api('anna', 'GET', '/repositories/shop%2Fapp'))[1], {
    name: 'shop/app',
    public: true,
    immutableTags: false,
    retention: [],
    grants: { otto: 'push' },
  });
  const [status, made] = await api('eve', 'POST', '/tokens', { description: 'ci', role: 'pull', days: 1 });
  assert.equal(status, 200);
  assert.match(made.token, /^brg_[\w-]{32}$/);
  const [, [listed]] = await api('eve', 'GET', '/tokens');
  assert.equal(listed.id, made.id);
  assert.ok(!('hash' in listed) && !JSON.stringify(listed).includes(made.token));
  assert.equal((await api('anna', 'DELETE', `/tokens/${made.id}`))[0], 404, 'of somebody else');
  assert.equal((await api('eve', 'DELETE', `/tokens/${made.id}`))[0], 204);
  assert.equal((await api('eve', 'GET', '/audit'))[0], 403);
  const [, audit] = await api('root', 'GET', '/audit?n=1');
  assert.deepEqual([audit.length, audit[0].user, audit[0].action], [1, 'eve', 'api DELETE']);
  assert.equal((await ask('/api/v1/me')).status, 401);
});

test('the API’s description contains every operation, and each exists', async (t) => {
  const { ask } = await start(t);
  const document = (await (await ask('/api/v1/openapi.json')).json()) as { paths: Record<string, object> };
  for (const { path, method } of OPERATIONS) {
    assert.ok(method in (document.paths[path] ?? {}));
    const url = `/api/v1${path.replaceAll(/\{\w+\}/g, 'none')}`;
    const { status } = await ask(url, undefined, { method: method.toUpperCase() });
    assert.equal(status, 401, `${method} ${path}`);
  }
});

test('self-registration, where enabled, is limited', async (t) => {
  const { ask } = await start(t, { selfRegistration: true });
  const register = (name: string) =>
    ask('/api/v1/register', undefined, {
      method: 'POST',
      body: JSON.stringify({ name, password: 'x' }),
      headers: { 'Content-Type': 'application/json' },
    });
  assert.equal((await register('new')).status, 204);
  assert.equal((await register('anna')).status, 409);
  assert.equal(await startUpload(ask, 'new/app', basic('new', 'x')), 202);
  for (let i = 0; i < 3; i++) await register(`more${i}`);
  assert.equal((await register('late')).status, 429);
  const closed = await start(t);
  assert.equal((await closed.ask('/api/v1/register', undefined, { method: 'POST' })).status, 401);
});

test('the command line manages accounts while a registry runs', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'barge-registry-'));
  t.after(() => rm(directory, { recursive: true }));
  const at = ['--data-root', join(directory, 'data')];
  const run = async (args: readonly string[], input = '') => {
    const { code, stdout, stderr } = await runRegistry([...args, ...at], input);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  await run(['user', 'add', 'anna', '--admin'], 'secret\n');
  await setPassword(join(directory, 'users'), 'otto', 'x');
  await writeFile(join(directory, 'empty'), '');
  assert.equal(await run(['user', 'import', join(directory, 'users')]), 'Added 1 users\n');
  assert.equal(await run(['user', 'import', join(directory, 'users')]), 'Added 0 users\n');
  await run(['user', 'disable', 'otto']);
  assert.equal(await run(['user', 'ls']), 'anna\tadmin\t-\notto\t-\tdisabled\n');
  await run(['org', 'add', 'shop']);
  await run(['org', 'member', 'shop', 'otto', 'push']);
  assert.equal(await run(['org', 'ls']), 'shop\totto:push\n');
  await run(['repo', 'set', 'shop/app', '--public', '--immutable-tags']);
  await run(['repo', 'grant', 'shop/app', 'otto', 'pull']);
  assert.equal(
    await run(['repo', 'show', 'shop/app']),
    'visibility\tpublic\ntags\timmutable\ngrant\totto\tpull\n',
  );
  assert.match(
    await run(['token', 'create', 'anna', '--role', 'pull', '--days', '3', '--description', 'ci']),
    /^brg_/,
  );
  const [id = ''] = (await run(['token', 'ls', 'anna'])).split('\t');
  await run(['token', 'rm', id]);
  assert.equal(await run(['token', 'ls']), '');
  for (const [args, words] of [
    [['user', 'add'], /user add takes NAME/],
    [['user', 'fly', 'x'], /unknown command: user fly; want user add/],
    [['org', 'member', 'shop', 'otto', 'king'], /invalid role "king"/],
    [['token', 'create', 'anna', '--days', 'x'], /invalid --days "x"/],
  ] as const) {
    const { code, stderr } = await runRegistry([...args, ...at]);
    assert.equal(code, 2);
    assert.match(stderr, words);
  }
  const missing = await runRegistry(['user', 'rm', 'nobody', ...at]);
  assert.deepEqual([missing.code, missing.stderr], [1, 'barge-registry: there is no user nobody\n']);
});

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { Accounts } from './accounts/accounts.ts';
import { AccountAccess } from './auth/account-access.ts';
import { REGISTRY_MIGRATIONS } from './database/schema.ts';
import { SqliteDatabase } from './database/sqlite.ts';
import { runRegistry, spawnRegistry } from './testing/registry-process.ts';
import { temporaryDirectory } from './testing/temporary-directory.ts';
import { startTestRegistry } from './testing/test-registry.ts';

const basic = (user: string) => `Basic ${Buffer.from(`${user}:x`).toString('base64')}`;
const push = async (url: string, repository: string, user: string) => {
  const headers = { authorization: basic(user) };
  return (await fetch(`${url}/v2/${repository}/blobs/uploads/`, { method: 'POST', headers })).status;
};

async function start() {
  const accounts = new Accounts(new SqliteDatabase(':memory:'));
  await accounts.addUser('root', 'x', { admin: true });
  await accounts.addUser('anna', 'x');
  const access = new AccountAccess(accounts, { selfRegistration: true });
  const registry = await startTestRegistry({ accounts: access });
  return { accounts, registry };
}

test('registration with the namespace of existing repositories is rejected', async () => {
  const { accounts, registry } = await start();
  await using _registry = registry;
  assert.equal(await push(registry.url, 'library/debian', 'root'), 202);
  await accounts.changeSettings('planned/app', { public: true });
  const register = async (name: string) => {
    const response = await fetch(`${registry.url}/api/v1/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name, password: 'x' }),
    });
    return response.status;
  };
  assert.equal(await register('library'), 409);
  assert.equal(await register('planned'), 409);
  await accounts.addUser('library', 'x');
  assert.equal(
    await push(registry.url, 'library/debian', 'library'),
    403,
    'an administrator may make the user',
  );
  await accounts.addOrganisation('planned');
  await accounts.setMember('planned', 'anna', 'admin');
  assert.equal(await accounts.roleOf('anna', 'planned/app'), 'pull', 'since it is public');
  assert.equal(await register('fresh'), 204);
  assert.equal(await push(registry.url, 'fresh/app', 'fresh'), 202);
});

test('a new user with the name of a removed one does not get the repositories', async () => {
  const { accounts, registry } = await start();
  await using _registry = registry;
  const { token } = await accounts.tokens.create('anna', {});
  await accounts.grant('other/app', 'anna', 'pull');
  assert.equal(await push(registry.url, 'anna/app', 'anna'), 202);
  await accounts.removeUser('anna');
  await accounts.addUser('anna', 'x');
  assert.equal(await push(registry.url, 'anna/app', 'anna'), 403);
  assert.equal(await accounts.roleOf('anna', 'other/app'), 'none', 'grants go with the user');
  assert.equal(await accounts.tokens.use(token), undefined, 'tokens too');
  const namespaces = async () => (await accounts.namespaces.list()).find(({ name }) => name === 'anna');
  assert.deepEqual(await namespaces(), { name: 'anna', owner: null, orphaned: true });
  assert.equal(await push(registry.url, 'anna/app', 'root'), 202, 'administrators reach them');
  await accounts.namespaces.give('anna', 'anna');
  assert.equal(await push(registry.url, 'anna/app', 'anna'), 202);
  await accounts.namespaces.give('anna', undefined);
  assert.deepEqual(await namespaces(), { name: 'anna', owner: null, orphaned: false });
  await assert.rejects(accounts.namespaces.give('anna', 'nobody'), /there is no user or organisation nobody/);
  await assert.rejects(accounts.namespaces.give('nothing', 'anna'), /there is no namespace nothing/);
});

test('the same for organisations; a name without repositories is free again', async () => {
  const { accounts, registry } = await start();
  await using _registry = registry;
  const member = async (name: string) => {
    await accounts.addOrganisation(name);
    await accounts.setMember(name, 'anna', 'admin');
    return await push(registry.url, `${name}/app`, 'anna');
  };
  assert.equal(await member('shop'), 202);
  await accounts.removeOrganisation('shop');
  assert.equal(await member('shop'), 403);
  await accounts.addOrganisation('idea');
  await accounts.removeOrganisation('idea');
  assert.equal(await member('idea'), 202);
});

test('all namespaces of an owner count towards the quota', async () => {
  const accounts = new Accounts(new SqliteDatabase(':memory:'));
  for (const name of ['anna', 'otto']) await accounts.addUser(name, 'x');
  await accounts.namespaces.use('anna/app');
  await accounts.setQuota('otto', 1000);
  await accounts.namespaces.give('anna', 'otto');
  const quota = { owner: 'otto', bytes: 1000, namespaces: ['anna', 'otto'] };
  assert.deepEqual(await accounts.quotaFor('anna/app'), quota);
  assert.deepEqual(await accounts.quotaFor('otto/app'), quota);
  assert.equal(await accounts.quotaFor('otto'), undefined, 'a name of one part is nobody’s');
});

test('a name of an inherited object member is a name like any other', async () => {
  const { accounts, registry } = await start();
  await using _registry = registry;
  await accounts.addUser('constructor', 'x');
  await accounts.addOrganisation('secret');
  const headers = { authorization: basic('constructor') };
  const response = await fetch(`${registry.url}/api/v1/organisations`, { headers });
  assert.deepEqual(await response.json(), []);
});

test('after an upgrade, accounts keep their namespaces, and unowned ones stay with the administrators', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'accounts.db');
  const old = new DatabaseSync(path);
  for (const step of REGISTRY_MIGRATIONS.slice(0, 3)) old.exec(step);
  const hash = '$2b$04$D1MxVhs3HCUCVzYOeh6WyO9Z9/xmFPlVgFMRJAr9EpwOD/oUpsoJq';
  old.exec(`PRAGMA user_version = 3;
    INSERT INTO users (name, password, created_at) VALUES ('anna', '${hash}', 1), ('otto', '${hash}', 1);
    INSERT INTO organisations (name, created_at) VALUES ('shop', 1);
    INSERT INTO members VALUES ('shop', 'otto', 'push');`);
  old.close();
  for (const name of ['anna/app', 'gone/app', 'shop/app'])
    await mkdir(join(directory.path, 'repositories', name, '_manifests'), { recursive: true });
  const at = ['--data-root', directory.path];
  /* A command before the server's first start must not assign names either. */
  assert.equal((await runRegistry(['user', 'add', 'gone', ...at], 'x')).code, 0);
  {
    await using _registry = await spawnRegistry([...at, '--accounts']);
  }
  const accounts = new Accounts(new SqliteDatabase(path));
  const role = (user: string, repository: string) => accounts.roleOf(user, repository);
  assert.deepEqual(
    [await role('anna', 'anna/app'), await role('otto', 'shop/app'), await role('otto', 'anna/app')],
    ['admin', 'push', 'none'],
  );
  assert.equal(await role('gone', 'gone/app'), 'none');
  assert.equal((await runRegistry(['user', 'rm', 'anna', ...at])).code, 0);
  assert.equal((await runRegistry(['user', 'add', 'anna', ...at], 'x')).code, 0);
  assert.equal(await role('anna', 'anna/app'), 'none');
  const listed = await runRegistry(['namespace', 'ls', ...at]);
  assert.equal(
    listed.stdout,
    'anna\tof an account that was removed\ngone\tof the administrators\notto\totto\nshop\tshop\n',
  );
  assert.equal((await runRegistry(['namespace', 'give', 'anna', 'anna', ...at])).code, 0);
  assert.equal(await role('anna', 'anna/app'), 'admin');
});

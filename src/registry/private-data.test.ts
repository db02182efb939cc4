import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { SignJWT } from 'jose';
import { Accounts } from './accounts/accounts.ts';
import { AccountAccess } from './auth/account-access.ts';
import { KeyFile, KeyRow } from './auth/key-sources.ts';
import { SqliteDatabase } from './database/sqlite.ts';
import { restrictFiles } from './private-files.ts';
import { runRegistry, spawnRegistry } from './testing/registry-process.ts';
import { temporaryDirectory } from './testing/temporary-directory.ts';
import { startTestRegistry } from './testing/test-registry.ts';

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const modeOf = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8);

async function assertPrivate(root: string): Promise<void> {
  assert.equal(await modeOf(root), '700');
  const files = (await readdir(root, { withFileTypes: true })).filter((entry) => entry.isFile());
  assert.ok(files.some(({ name }) => name === 'accounts.db'));
  assert.ok(files.some(({ name }) => name === 'token.key'));
  for (const { name } of files) {
    if (name !== '.probe') assert.equal(await modeOf(join(root, name)), '600', name);
  }
}

/** Runs the program with the given umask. */
const withUmask = (umask: string) => ['sh', '-c', `umask ${umask}; exec "$@"`, 'sh'];

for (const umask of ['000', '022', '077']) {
  test(`with umask ${umask}, only the owner can access a registry’s files`, async () => {
    await using directory = await temporaryDirectory();
    const root = join(directory.path, 'data');
    await using registry = await spawnRegistry(['--data-root', root, '--accounts'], withUmask(umask));
    assert.equal((await fetch(`${registry.url}/token`)).status, 200, 'makes the key');
    await assertPrivate(root);
  });
}

test('files that an earlier version left readable are made private at the start', async () => {
  await using directory = await temporaryDirectory();
  const root = join(directory.path, 'data');
  await mkdir(root);
  new SqliteDatabase(join(root, 'accounts.db'));
  await writeFile(join(root, 'token.key'), `${Buffer.alloc(32, 'k').toString('base64')}\n`);
  for (const name of await readdir(root)) await chmod(join(root, name), 0o666);
  await chmod(root, 0o777);
  await using registry = await spawnRegistry(['--data-root', root, '--accounts'], withUmask('000'));
  assert.equal((await fetch(`${registry.url}/token`)).status, 200);
  await assertPrivate(root);
  await chmod(root, 0o755);
  await chmod(join(root, 'accounts.db'), 0o644);
  assert.equal((await runRegistry(['user', 'ls', '--data-root', root])).code, 0);
  await assertPrivate(root);
});

test('a link in place of a file is rejected, and its target is unchanged', async () => {
  await using directory = await temporaryDirectory();
  const other = join(directory.path, 'other');
  await writeFile(other, 'of somebody else', { mode: 0o644 });
  await chmod(other, 0o644);
  await symlink(other, join(directory.path, 'accounts.db'));
  await assert.rejects(restrictFiles([join(directory.path, 'accounts.db')]), /making .*accounts\.db private/);
  assert.equal(await modeOf(other), '644');
  execFileSync('mkfifo', [join(directory.path, 'fifo')]);
  await restrictFiles([join(directory.path, 'fifo'), join(directory.path, 'missing')]);
});

const forged = (kid?: string, { alg = 'HS256', typ = 'JWT' } = {}) =>
  new SignJWT({
    access: [{ type: 'repository', name: 'app', actions: ['pull'] }],
    userId: '',
    personalToken: '',
  })
    .setProtectedHeader({ alg, typ, ...(kid ? { kid } : {}) })
    .setIssuer('barge-registry')
    .setSubject('root')
    .setIssuedAt()
    .setNotBefore('0s')
    .setExpirationTime('60s');

test('the key is removed from the readable database, and is no longer valid', async () => {
  await using directory = await temporaryDirectory();
  const old = new Accounts(new SqliteDatabase(join(directory.path, 'accounts.db')));
  await old.addUser('root', 'secret', { admin: true });
  const leaked = await old.secret('bearer-tokens');
  await using registry = await spawnRegistry(['--data-root', directory.path, '--accounts']);
  const issued = await fetch(`${registry.url}/token`, {
    headers: { authorization: basic('root', 'secret') },
  });
  assert.equal(issued.status, 200);
  const key = Buffer.from(await readFile(join(directory.path, 'token.key'), 'utf8'), 'base64');
  assert.equal(key.length, 32);
  assert.notDeepEqual(key, leaked);
  const rows = await new SqliteDatabase(join(directory.path, 'accounts.db')).all('SELECT * FROM secrets');
  assert.deepEqual(rows, []);
  const { id } = await new KeyFile(join(directory.path, 'token.key')).load();
  const { host } = new URL(registry.url);
  const ask = async (secret: Uint8Array) => {
    const token = await forged(id).setAudience(host).sign(secret);
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${registry.url}/v2/app/tags/list`, { headers })).status;
  };
  assert.equal(await ask(leaked), 401);
  assert.equal(await ask(key), 404, 'so it is the key, and nothing else, that is wrong');
});

test('key rotate invalidates the tokens of a running registry', async () => {
  await using directory = await temporaryDirectory();
  const at = ['--data-root', directory.path];
  await runRegistry(['user', 'add', 'root', '--admin', ...at], 'secret\n');
  await using registry = await spawnRegistry([...at, '--accounts']);
  const token = async () => {
    const headers = { authorization: basic('root', 'secret') };
    const response = await fetch(`${registry.url}/token?scope=repository:root/app:pull`, { headers });
    return `Bearer ${((await response.json()) as { token: string }).token}`;
  };
  const list = async (authorization: string) =>
    (await fetch(`${registry.url}/v2/root/app/tags/list`, { headers: { authorization } })).status;
  const before = await token();
  assert.equal(await list(before), 404);
  const rotated = await runRegistry(['key', 'rotate', ...at]);
  assert.deepEqual([rotated.code, rotated.stderr], [0, '']);
  while ((await list(before)) !== 401);
  assert.equal(await list(await token()), 404);
  assert.equal(await list(before), 401);
  assert.equal(await modeOf(join(directory.path, 'token.key')), '600');
  await writeFile(join(directory.path, 'token.key'), 'short');
  while ((await list(before)) !== 500);
  assert.equal((await runRegistry(['key', 'rotate', ...at])).code, 0);
  while ((await list(before)) !== 401);
});

test('servers that share a database share the key, and accept a new one at once', async () => {
  const accounts = new Accounts(new SqliteDatabase(':memory:'));
  const [one, two] = [new AccountAccess(accounts), new AccountAccess(accounts)];
  const claims = { user: 'anna', userId: '1', personalToken: '', access: [] };
  const first = (await one.bearers.issue(claims, 'here')).token;
  assert.deepEqual(await two.bearers.verify(first, 'here'), claims);
  await new KeyRow(accounts).rotate();
  const three = new AccountAccess(accounts);
  const second = (await three.bearers.issue(claims, 'here')).token;
  assert.deepEqual(await two.bearers.verify(second, 'here'), claims);
  assert.equal(await two.bearers.verify(first, 'here'), undefined);
});

test('a bearer token must be issued by and for this registry, currently valid, and correctly signed', async () => {
  await using directory = await temporaryDirectory();
  const source = new KeyFile(join(directory.path, 'token.key'));
  const { id, secret } = await source.load();
  const accounts = new Accounts(new SqliteDatabase(':memory:'));
  const { bearers } = new AccountAccess(accounts, { key: source });
  const good = () => forged(id).setAudience('here');
  const now = Math.floor(Date.now() / 1000);
  assert.ok(await bearers.verify(await good().sign(secret), 'here'));
  const bad: Record<string, Promise<string>> = {
    audience: good().setAudience('there').sign(secret),
    'no audience': forged(id).sign(secret),
    issuer: good().setIssuer('another').sign(secret),
    expired: good()
      .setExpirationTime(now - 60)
      .sign(secret),
    'not yet': good()
      .setNotBefore(now + 60)
      .sign(secret),
    'of the future': good()
      .setIssuedAt(now + 60)
      .sign(secret),
    'long ago': good()
      .setIssuedAt(now - 3600)
      .sign(secret),
    algorithm: forged(id, { alg: 'HS512' }).setAudience('here').sign(secret),
    type: forged(id, { typ: 'other' }).setAudience('here').sign(secret),
    'no key id': forged().setAudience('here').sign(secret),
    key: good().sign(Buffer.alloc(32)),
  };
  for (const [what, token] of Object.entries(bad)) {
    assert.equal(await bearers.verify(await token, 'here'), undefined, what);
  }
  const [head, body] = (await good().sign(secret)).split('.');
  const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT', kid: id })).toString('base64url');
  for (const token of [`${none}.${body}.`, `${head}.${body}.`, `${head}.${body}`, '..', 'x', '']) {
    assert.equal(await bearers.verify(token, 'here'), undefined, token);
  }
});

test('a token is issued only for this registry, and the catalog lists what the token may see, page by page', async () => {
  const accounts = new Accounts(new SqliteDatabase(':memory:'));
  await accounts.addUser('root', 'secret', { admin: true });
  await using registry = await startTestRegistry({ accounts: new AccountAccess(accounts) });
  const headers = { authorization: basic('root', 'secret') };
  assert.equal((await fetch(`${registry.url}/token?service=elsewhere`, { headers })).status, 405);
  const names = ['a/one', 'a/two', 'b/one', 'b/three', 'b/two', 'c/one'];
  for (const name of names) {
    const digest = `sha256:${'1'.repeat(64)}` as const;
    const bytes = Buffer.from('{}');
    await registry.storage.manifests.put(name, { digest, mediaType: 'x', size: bytes.length, bytes });
  }
  const bearer = async (authorization: string, scope: string) => {
    const response = await fetch(`${registry.url}/token?scope=${scope}`, { headers: { authorization } });
    return `Bearer ${((await response.json()) as { token: string }).token}`;
  };
  const pages = async (authorization: string) => {
    const found: string[][] = [];
    for (let next: string | undefined = '/v2/_catalog?n=2'; next; ) {
      const response = await fetch(`${registry.url}${next}`, { headers: { authorization } });
      if (response.status !== 200) return response.headers.get('www-authenticate');
      found.push(((await response.json()) as { repositories: string[] }).repositories);
      next = /<(.*)>/.exec(response.headers.get('link') ?? '')?.[1];
    }
    return found;
  };
  const narrow = await accounts.tokens.create('root', { role: 'pull', repositories: ['b/', 'c/one'] });
  const personal = basic('root', narrow.token);
  const some = [
    ['b/one', 'b/three'],
    ['b/two', 'c/one'],
  ];
  assert.deepEqual(await pages(headers.authorization), [
    ['a/one', 'a/two'],
    ['b/one', 'b/three'],
    ['b/two', 'c/one'],
  ]);
  assert.deepEqual(await pages(personal), some);
  const listing = await bearer(personal, 'registry:catalog:*');
  assert.deepEqual(await pages(listing), some, 'what the credential behind it may see');
  const challenge = `Bearer realm="${registry.url}/token",service="${registry.host}",scope="registry:catalog:*"`;
  assert.equal(await pages(await bearer(headers.authorization, 'repository:a/one:pull')), challenge);
  await accounts.tokens.remove(narrow.id);
  assert.deepEqual(await pages(listing), [[]], 'which is gone now');
});

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import bcrypt from 'bcryptjs';
import { Accounts } from './accounts/accounts.ts';
import { AccountAccess } from './auth/account-access.ts';
import { HtpasswdAuthenticator } from './auth/htpasswd-authenticator.ts';
import { HtpasswdFile } from './auth/htpasswd-file.ts';
import { PasswordChecker } from './auth/passwords.ts';
import { MemoryCounters } from './database/counters.ts';
import { SqliteDatabase } from './database/sqlite.ts';
import { printable, printableLine } from './printable.ts';
import { spawnRegistry } from './testing/registry-process.ts';
import { temporaryDirectory } from './testing/temporary-directory.ts';
import { startTestRegistry } from './testing/test-registry.ts';

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** A checker that counts rounds of bcrypt instead of measuring time. */
function counting() {
  let rounds = 0;
  const checker = new PasswordChecker(async (password, hash) => {
    rounds += 2 ** bcrypt.getRounds(hash);
    return await bcrypt.compare(password, hash);
  });
  const roundsOf = async (action: () => Promise<unknown>) => {
    rounds = 0;
    await action();
    return rounds;
  };
  return { checker, roundsOf };
}

test('a wrong password takes the same work for known, unknown and disabled users, regardless of their hashes’ costs', async () => {
  const { checker, roundsOf } = counting();
  const accounts = new Accounts(new SqliteDatabase(':memory:'));
  await accounts.addUserWithHash('cheap', bcrypt.hashSync('x', 4));
  await accounts.addUserWithHash('dear', bcrypt.hashSync('x', 7));
  await accounts.addUserWithHash('off', bcrypt.hashSync('x', 5));
  await accounts.updateUser('off', { disabled: true });
  await using registry = await startTestRegistry({ accounts: new AccountAccess(accounts, { checker }) });
  const ask = (user: string) =>
    roundsOf(() => fetch(`${registry.url}/v2/`, { headers: { authorization: basic(user, 'wrong') } }));
  for (const user of ['cheap', 'dear', 'off', 'nobody', '']) assert.equal(await ask(user), 2 ** 7, user);

  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'users');
  await writeFile(path, `cheap:${bcrypt.hashSync('x', 4)}\ndear:${bcrypt.hashSync('x', 6)}\n`);
  const authenticator = new HtpasswdAuthenticator(new HtpasswdFile(path), new MemoryCounters(), checker);
  for (const user of ['cheap', 'dear', 'nobody']) {
    assert.equal(await roundsOf(() => authenticator.authenticate(basic(user, 'wrong'))), 2 ** 6, user);
  }
});

test('with an htpasswd file, too, only the address that sent many wrong passwords has to wait', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'users');
  await writeFile(path, `anna:${bcrypt.hashSync('secret', 4)}\n`);
  await using registry = await spawnRegistry([
    '--data-root',
    join(directory.path, 'data'),
    '--htpasswd',
    path,
    '--trusted-proxies',
    '127.0.0.1',
  ]);
  const ask = async (password: string, address = '192.0.2.1') => {
    const headers = { authorization: basic('anna', password), 'x-forwarded-for': address };
    return await fetch(`${registry.url}/v2/`, { headers });
  };
  for (let i = 0; i < 20; i++) assert.equal((await ask(`wrong ${i}`)).status, 401);
  const late = await ask('secret');
  assert.equal(late.status, 429);
  assert.ok(Number(late.headers.get('retry-after')) > 0);
  assert.equal((await ask('secret', '192.0.2.2')).status, 200);
});

const NASTY = 'a\u001b[2Jb\r\nc\u0000d\u007fe\u009bf\u2028g\u202eh';
const TAME = 'a\\u001b[2Jb\\u000d\\u000ac\\u0000d\\u007fe\\u009bf\\u2028g\\u202eh';

test('client-supplied text is recorded without terminal control characters', async () => {
  assert.equal(printable(NASTY), TAME);
  assert.equal(printable('Ünïcode ☃ 🎉'), 'Ünïcode ☃ 🎉');
  const line = printableLine(`${JSON.stringify({ path: NASTY })}\n`);
  assert.deepEqual([line.endsWith('"}\n'), JSON.parse(line)], [true, { path: NASTY }]);
  assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\u2028\u202e]/u);
  const accounts = new Accounts(new SqliteDatabase(':memory:'));
  await using registry = await startTestRegistry({ accounts: new AccountAccess(accounts) });
  await fetch(`${registry.url}/v2/`, { headers: { authorization: basic(NASTY, 'x') } });
  await fetch(`${registry.url}/v2/`, { headers: { authorization: basic('x'.repeat(5000), 'x') } });
  const [long, nasty] = await accounts.audit.newest(2);
  assert.equal(nasty?.user, TAME);
  assert.equal(long?.user?.length, 1000);
});

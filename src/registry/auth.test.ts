import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { HtpasswdAuthenticator } from './auth/htpasswd-authenticator.ts';
import { HtpasswdFile, parseHtpasswd } from './auth/htpasswd-file.ts';
import { setPassword } from './auth/set-password.ts';
import { codesOf } from './testing/push.ts';
import { temporaryDirectory } from './testing/temporary-directory.ts';
import { startTestRegistry } from './testing/test-registry.ts';

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

test('without valid credentials a request is rejected with a challenge', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'users');
  await setPassword(path, 'anna', 'secret');
  const authenticator = new HtpasswdAuthenticator(new HtpasswdFile(path));
  await using registry = await startTestRegistry({ authenticator });
  const get = (authorization?: string) =>
    fetch(`${registry.url}/v2/`, { headers: authorization ? { authorization } : {} });
  const anonymous = await get();
  assert.equal(anonymous.status, 401);
  assert.match(anonymous.headers.get('WWW-Authenticate') ?? '', /^Basic realm=/);
  assert.deepEqual(await codesOf(anonymous), ['UNAUTHORIZED']);
  const wrong = [basic('anna', 'x'), basic('otto', 'secret'), basic('', ''), 'Basic !', 'Bearer x', 'Basic'];
  for (const authorization of wrong) assert.equal((await get(authorization)).status, 401, authorization);
  assert.equal((await get(basic('anna', 'secret'))).status, 200);
  assert.equal((await get(basic('anna', 'secret'))).status, 200);
});

test('a changed file takes effect at once, for cached users, too', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'users');
  await setPassword(path, 'anna', 'old');
  const authenticator = new HtpasswdAuthenticator(new HtpasswdFile(path));
  assert.equal(await authenticator.authenticate(basic('anna', 'old')), 'anna');
  await setPassword(path, 'anna', 'new');
  assert.equal(await authenticator.authenticate(basic('anna', 'old')), undefined);
  assert.equal(await authenticator.authenticate(basic('anna', 'new')), 'anna');
  await writeFile(path, '');
  assert.equal(await authenticator.authenticate(basic('anna', 'new')), undefined);
});

test('an unknown user is rejected no faster than a known one', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'users');
  await setPassword(path, 'anna', 'secret');
  const authenticator = new HtpasswdAuthenticator(new HtpasswdFile(path));
  /* Processor time excludes other processes of the machine. Measured alternately, after a warm-up. */
  const cost = async (user: string) => {
    const before = process.cpuUsage();
    await authenticator.authenticate(basic(user, 'wrong'));
    const { user: used, system } = process.cpuUsage(before);
    return (used + system) / 1000;
  };
  await cost('anna');
  const costs: [number, number][] = [];
  for (let i = 0; i < 5; i++) costs.push([await cost('anna'), await cost('otto')]);
  const known = Math.min(...costs.map(([time]) => time));
  const unknown = Math.min(...costs.map(([, time]) => time));
  assert.ok(unknown > known / 2, `${unknown} ms against ${known} ms`);
});

test('only lines with a bcrypt hash define users', () => {
  const hash = `$2y$05$${'a'.repeat(53)}`;
  const text = `# comment\nanna:${hash}\r\n:${hash}\notto:{SHA}x\nplain:secret\n\n`;
  assert.deepEqual([...parseHtpasswd(text)], [['anna', hash]]);
});

test('changing one user’s password leaves other lines unchanged', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'users');
  assert.equal(await setPassword(path, 'anna', 'a'), true);
  assert.equal(await setPassword(path, 'otto', 'b'), true);
  assert.equal(await setPassword(path, 'anna', 'c'), false);
  assert.deepEqual([...(await new HtpasswdFile(path).users()).keys()].sort(), ['anna', 'otto']);
  await assert.rejects(setPassword(path, 'anna', 'x'.repeat(73)), /72 bytes/);
});

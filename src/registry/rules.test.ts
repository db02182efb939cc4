import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { digestOf } from '../core/digest.ts';
import { KeyedLock } from '../core/keyed-lock.ts';
import { Accounts } from './accounts/accounts.ts';
import { AccountAccess } from './auth/account-access.ts';
import { SqliteDatabase } from './database/sqlite.ts';
import { imageManifest, putManifest, someBytes } from './testing/push.ts';
import { startTestRegistry } from './testing/test-registry.ts';
import { Webhooks } from './webhooks.ts';

test('an owner’s quota applies to all of its repositories, and removed blobs free it', async () => {
  const accounts = new Accounts(new SqliteDatabase(':memory:'));
  await accounts.addUser('anna', 'x');
  await accounts.setQuota('anna', 10_000);
  await using registry = await startTestRegistry({ accounts: new AccountAccess(accounts) });
  const headers = { authorization: `Basic ${Buffer.from('anna:x').toString('base64')}` };
  const push = async (repository: string, bytes: Buffer) => {
    const url = `${registry.url}/v2/${repository}/blobs/uploads/?digest=${digestOf(bytes)}`;
    const answer = await fetch(url, { method: 'POST', body: new Uint8Array(bytes), headers });
    return [answer.status, await answer.text()] as const;
  };
  const first = someBytes(6000, 'first');
  assert.equal((await push('anna/a', first))[0], 201);
  const [status, words] = await push('anna/b', someBytes(6000, 'second'));
  assert.equal(status, 403);
  assert.match(words, /the quota of anna is full: 6kB of 10kB are used; delete unneeded images/);
  assert.equal((await push('anna/b', someBytes(3000, 'third')))[0], 201);
  const started = await fetch(`${registry.url}/v2/anna/c/blobs/uploads/`, { method: 'POST', headers });
  const location = `${registry.url}${started.headers.get('Location')}`;
  const patch = await fetch(location, { method: 'PATCH', body: new Uint8Array(someBytes(5000)), headers });
  assert.equal(patch.status, 403, 'in pieces neither');
  await fetch(`${registry.url}/v2/anna/a/blobs/${digestOf(first)}`, { method: 'DELETE', headers });
  assert.equal((await push('anna/b', someBytes(6000, 'second')))[0], 201);
  await accounts.setQuota('anna', undefined);
  assert.equal((await push('anna/b', someBytes(60_000, 'large')))[0], 201);
});

async function receiver(t: TestContext, answers: number[]) {
  const got: { body: string; signature: string }[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const status = answers.shift() ?? 200;
    if (status === 200) got.push({ body, signature: String(request.headers['x-barge-signature']) });
    response.writeHead(status).end();
    server.emit('handled');
  });
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const until = async (count: number) => {
    while (got.length < count) await once(server, 'handled');
    return got;
  };
  return { url: `http://127.0.0.1:${port}/`, until };
}

test('receivers are notified of pushes and deletions, in order, signed, and again after a failure', async (t) => {
  const { url, until } = await receiver(t, [500]);
  const hooks = new Webhooks({
    urls: [url],
    secret: 'secret',
    log: pino({ level: 'silent' }),
    db: new SqliteDatabase(':memory:'),
    locks: new KeyedLock(),
  });
  t.after(() => hooks.close());
  await using registry = await startTestRegistry({ hooks });
  const app = `${registry.url}/v2/app`;
  const manifest = await imageManifest(app);
  await putManifest(app, 'v1', manifest);
  await fetch(`${app}/manifests/v1`, { method: 'DELETE' });
  const got = await until(2);
  const [pushed, deleted] = got.map(({ body }) => JSON.parse(body).events[0]);
  assert.deepEqual(pushed.target, {
    repository: 'app',
    digest: digestOf(manifest),
    mediaType: JSON.parse(`${manifest}`).mediaType,
    size: manifest.length,
    tag: 'v1',
  });
  assert.deepEqual(
    [pushed.action, deleted.action, deleted.target],
    ['push', 'delete', { repository: 'app', tag: 'v1' }],
  );
  for (const { body, signature } of got) {
    assert.equal(signature, `sha256=${createHmac('sha256', 'secret').update(body).digest('hex')}`);
  }
});

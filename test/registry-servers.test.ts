/** Several registry servers over one store and one PostgreSQL. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Digest, digestOf } from '../src/core/digest.ts';
import { Accounts } from '../src/registry/accounts/accounts.ts';
import { KeyRow } from '../src/registry/auth/key-sources.ts';
import { SqlCounters } from '../src/registry/database/counters.ts';
import { PostgresDatabase, postgresOptions } from '../src/registry/database/postgres.ts';
import { PostgresLocks } from '../src/registry/database/postgres-locks.ts';
import { postgresSteps } from '../src/registry/database/schema.ts';
import { FileObjects } from '../src/registry/storage/file-system/file-objects.ts';
import { openFileSystem } from '../src/registry/storage/file-system/open.ts';
import { contentKey } from '../src/registry/storage/layout.ts';
import { codesOf, imageManifest, putManifest, someBytes } from '../src/registry/testing/push.ts';
import {
  type RegistryProcess,
  runRegistry,
  spawnRegistry,
} from '../src/registry/testing/registry-process.ts';
import { storageContract } from '../src/registry/testing/storage-contract.ts';
import { temporaryDirectory } from '../src/registry/testing/temporary-directory.ts';
import { type Postgres, startPostgres, withoutPostgres } from './harness/registry-postgres.ts';
import { type S3Server, startS3 } from './harness/registry-s3.ts';

const fail = (error: Error) => assert.fail(error);

describe('several servers', { skip: withoutPostgres() }, () => {
  let postgres: Postgres;
  let count = 0;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres[Symbol.asyncDispose]());
  const newDatabase = () => postgres.database(`registry${++count}`);

  storageContract('a shared directory with locks in PostgreSQL', async () => {
    const url = await newDatabase();
    const directory = await temporaryDirectory();
    const [one, two] = [new PostgresLocks(url, fail), new PostgresLocks(url, fail)];
    const objects = new FileObjects(directory.path);
    return {
      storage: await openFileSystem(directory.path, one),
      other: await openFileSystem(directory.path, two),
      damage: (digest) => objects.save(contentKey(digest), 'not what it was'),
      async [Symbol.asyncDispose]() {
        await one[Symbol.asyncDispose]();
        await two[Symbol.asyncDispose]();
        await directory[Symbol.asyncDispose]();
      },
    };
  });

  test('a lock keeps two servers apart, and is free when its server dies', async () => {
    const url = await newDatabase();
    const [one, two] = [new PostgresLocks(url, () => {}), new PostgresLocks(url, fail)];
    let inside = 0;
    const enter = async () => {
      assert.equal(++inside, 1, 'somebody else is inside');
      await sleep(5);
      inside--;
    };
    await Promise.all(Array.from({ length: 10 }, (_, i) => (i % 2 ? one : two).run('same', enter)));
    let release = () => {};
    const held = one.run('held', () => new Promise<void>((resolve) => (release = resolve)));
    assert.equal(await two.attempt('other', async () => 'free'), 'free');
    while ((await two.attempt('held', async () => 'free')) !== undefined) await sleep(5);
    await one[Symbol.asyncDispose]();
    assert.equal(await two.run('held', async () => 'free'), 'free');
    release();
    await held;
    await two[Symbol.asyncDispose]();
  });

  test('accounts and counts are the same for all, and two servers may start at once', async () => {
    const url = await newDatabase();
    const opened = await Promise.all([1, 2, 3].map(() => PostgresDatabase.open(url, fail)));
    const [first, second] = opened.map((db) => new Accounts(db));
    assert.ok(first && second && opened[0] && opened[1]);
    await first.addUser('anna', 'correct horse', { admin: true });
    await first.addOrganisation('shop');
    await first.setMember('shop', 'anna', 'push');
    await assert.rejects(second.addUser('shop', 'x'), /the name shop is in use/);
    assert.deepEqual(await second.organisations(), [{ name: 'shop', members: { anna: 'push' } }]);
    await second.changeSettings('shop/app', { public: true, retention: [{ keepLast: 2 }] });
    await second.grant('other/app', 'anna', 'pull');
    await second.setQuota('shop', 5_000_000_000);
    assert.deepEqual(
      [await first.quotaOf('shop'), await first.quotaFor('shop/app')],
      [5_000_000_000, { owner: 'shop', bytes: 5_000_000_000, namespaces: ['shop'] }],
    );
    assert.equal(await second.highestPasswordCost(), 10);
    await first.namespaces.use('shop/app');
    await first.removeOrganisation('shop');
    await second.addOrganisation('shop');
    await second.setMember('shop', 'anna', 'push');
    const owners = await second.namespaces.list();
    assert.deepEqual(
      owners.find(({ name }) => name === 'shop'),
      { name: 'shop', owner: null, orphaned: true },
    );
    assert.equal(await second.quotaFor('shop/app'), undefined);
    await first.namespaces.give('shop', 'shop');
    assert.equal(
      await second.namespaces.roleAsMember((await second.namespaces.ownerOf('shop/app')) ?? '', 'anna'),
      'push',
    );
    const [ours, theirs] = [new KeyRow(first), new KeyRow(second)];
    const before = await ours.load();
    assert.deepEqual(await theirs.load(), before);
    await ours.rotate();
    assert.notEqual((await theirs.load()).id, before.id);
    assert.deepEqual((await first.settings('shop/app')).retention, [{ keepLast: 2 }]);
    assert.deepEqual(
      [await first.roleOf(undefined, 'shop/app'), await first.roleOf('anna', 'x')],
      ['pull', 'admin'],
    );
    const { token, id } = await first.tokens.create('anna', { role: 'pull' });
    assert.equal((await second.tokens.use(token))?.user, 'anna');
    await second.tokens.remove(id);
    assert.equal(await first.tokens.use(token), undefined);
    assert.deepEqual(await first.secret('key'), await second.secret('key'));
    await first.audit.note({ user: 'anna', address: null, action: 'push', target: 'x' });
    assert.equal((await second.audit.newest(1))[0]?.action, 'push');
    const counters = [new SqlCounters(opened[0]), new SqlCounters(opened[1])];
    const counts = await Promise.all(
      Array.from({ length: 20 }, (_, i) => counters[i % 2]?.add('key', 60_000)),
    );
    assert.deepEqual(
      counts.map((entry) => entry?.count).sort((a = 0, b = 0) => a - b),
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
    for (const db of opened) await db[Symbol.asyncDispose]();
  });

  test('accounts of an earlier version get ids and keep what they own', async () => {
    const url = await newDatabase();
    const old = new pg.Client(postgresOptions(url));
    await old.connect();
    await old.query('CREATE TABLE schema_version (version BIGINT NOT NULL)');
    for (const [index, step] of postgresSteps().slice(0, 3).entries())
      await old.query(`${step}; INSERT INTO schema_version VALUES (${index + 1})`);
    await old.query(`INSERT INTO users (name, password, created_at) VALUES ('anna', 'x', 1), ('otto', 'x', 1);
      INSERT INTO organisations (name, created_at) VALUES ('shop', 1);
      INSERT INTO members VALUES ('shop', 'otto', 'push')`);
    await old.end();
    await using db = await PostgresDatabase.open(url, fail);
    const accounts = new Accounts(db);
    const roles = [accounts.roleOf('anna', 'anna/app'), accounts.roleOf('otto', 'shop/app')];
    assert.deepEqual(await Promise.all(roles), ['admin', 'push']);
    await accounts.namespaces.use('anna/app');
    await accounts.removeUser('anna');
    await accounts.addUser('anna', 'x');
    assert.equal(await accounts.roleOf('anna', 'anna/app'), 'none');
  });

  test('a bucket and a database: push at one, pull at the other, and all the rest', async (t) => {
    const s3 = await startS3();
    t.after(() => s3[Symbol.asyncDispose]());
    const database = await newDatabase();
    await using directory = await temporaryDirectory();
    const store = ['--storage', s3.url, '--database', database];
    await withServers(s3, [...store, '--gc-grace', '1h'], directory.path, async (one, two) => {
      await pushAndPull(one.url, two.url);
      await redirects(two.url, s3.endpoint);
      one.signal('SIGUSR2');
      two.signal('SIGUSR2');
      await pushAndPull(two.url, one.url, 'again');
      const checked = await check(s3, store, directory.path);
      assert.deepEqual(checked, { code: 0, stdout: 'no problems found\n', stderr: '' });
    });
  });

  test('a shared directory: limits, webhooks and immutable tags are the same at both', async (t) => {
    const database = await newDatabase();
    await using directory = await temporaryDirectory();
    const told: string[] = [];
    const receiver = createServer(async (request, response) => {
      told.push(JSON.parse(await text(request)).events[0].target.tag);
      response.end();
    });
    receiver.listen(0, '127.0.0.1');
    t.after(() => receiver.close());
    await once(receiver, 'listening');
    const { port } = receiver.address() as { port: number };
    const root = join(directory.path, 'shared');
    const args = ['--data-root', root, '--database', database, '--webhook', `http://127.0.0.1:${port}/`];
    const limit = ['--rate-limit', '200/1h'];
    await using one = await spawnRegistry([...args, ...limit]);
    await using two = await spawnRegistry([...args, ...limit]);
    await pushAndPull(one.url, two.url);
    const app = (url: string) => `${url}/v2/app`;
    const manifest = await imageManifest(app(one.url));
    const tags = Array.from({ length: 12 }, (_, i) => `t${i}`);
    for (const [i, tag] of tags.entries()) {
      assert.equal((await putManifest(app(i % 2 ? one.url : two.url), tag, manifest)).status, 201);
    }
    while (told.length < tags.length + 1) await sleep(20);
    assert.deepEqual(told.slice(1), tags, 'each once, in order');
    let refused: Response | undefined;
    for (let i = 0; i < 201 && !refused; i++) {
      const answer = await fetch(`${i % 2 ? one.url : two.url}/v2/`);
      await answer.arrayBuffer();
      if (answer.status === 429) refused = answer;
    }
    assert.ok(refused, 'both count together');
    assert.ok(Number(refused.headers.get('retry-after')) > 3000);
  });

  test('without its database a server says that it cannot answer, and does again when it is back', async () => {
    await using directory = await temporaryDirectory();
    const database = await newDatabase();
    await using registry = await spawnRegistry([
      '--data-root',
      directory.path,
      '--database',
      database,
      '--accounts',
    ]);
    const status = async () => (await fetch(`${registry.url}/v2/app/tags/list`)).status;
    assert.equal(await status(), 401);
    await postgres.stop();
    const answer = await fetch(`${registry.url}/v2/app/tags/list`);
    assert.deepEqual([answer.status, await codesOf(answer)], [503, ['UNAVAILABLE']]);
    assert.ok(Number(answer.headers.get('retry-after')) > 0);
    await postgres.start();
    while ((await status()) !== 401) await sleep(50);
  });
});

async function withServers(
  s3: S3Server,
  args: readonly string[],
  directory: string,
  action: (one: RegistryProcess, two: RegistryProcess) => Promise<void>,
): Promise<void> {
  Object.assign(process.env, s3.environment);
  await using one = await spawnRegistry([...args, '--data-root', join(directory, 'one')]);
  await using two = await spawnRegistry([...args, '--data-root', join(directory, 'two')]);
  await action(one, two);
}

const check = (s3: S3Server, args: readonly string[], directory: string) => {
  Object.assign(process.env, s3.environment);
  return runRegistry(['check', '--deep', ...args, '--data-root', join(directory, 'one')]);
};

/** An upload that changes servers, a manifest by one and from the other, tags and deletion. */
async function pushAndPull(one: string, two: string, seed = 'first'): Promise<void> {
  const bytes = someBytes(700_000, seed);
  const started = await fetch(`${one}/v2/moving/blobs/uploads/`, { method: 'POST' });
  const location = started.headers.get('location') ?? '';
  const half = new Uint8Array(bytes.subarray(0, 300_000));
  assert.equal((await fetch(`${two}${location}`, { method: 'PATCH', body: half })).status, 202);
  const rest = { method: 'PUT', body: new Uint8Array(bytes.subarray(300_000)) };
  assert.equal((await fetch(`${one}${location}?digest=${digestOf(bytes)}`, rest)).status, 201);
  const got = await fetch(`${two}/v2/moving/blobs/${digestOf(bytes)}`);
  assert.equal(digestOf(Buffer.from(await got.arrayBuffer())), digestOf(bytes));
  const manifest = await imageManifest(`${one}/v2/moving`);
  assert.equal((await putManifest(`${one}/v2/moving`, seed, manifest)).status, 201);
  const pulled = await fetch(`${two}/v2/moving/manifests/${seed}`);
  assert.equal(pulled.headers.get('docker-content-digest'), digestOf(manifest));
  assert.deepEqual(Buffer.from(await pulled.arrayBuffer()), manifest);
}

/** A blob is fetched from the bucket by the client itself. */
async function redirects(url: string, endpoint: string): Promise<void> {
  const { layers } = (await (await fetch(`${url}/v2/moving/manifests/first`)).json()) as {
    layers: { digest: Digest }[];
  };
  const blob = `${url}/v2/moving/blobs/${layers[0]?.digest}`;
  const answer = await fetch(blob, { redirect: 'manual' });
  assert.equal(answer.status, 307);
  const location = answer.headers.get('location') ?? '';
  assert.ok(location.startsWith(`${endpoint}/registry/some/prefix/blobs/`));
  const bytes = Buffer.from(await (await fetch(blob, { headers: { range: 'bytes=0-9' } })).arrayBuffer());
  assert.equal(bytes.length, 10);
  assert.equal((await fetch(blob, { method: 'HEAD', redirect: 'manual' })).status, 200);
}

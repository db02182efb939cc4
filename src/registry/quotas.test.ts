import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';
import bcrypt from 'bcryptjs';
import { MEDIA_TYPE } from '../api/oci-image.ts';
import { digestOf } from '../core/digest.ts';
import { Accounts } from './accounts/accounts.ts';
import { AccountAccess } from './auth/account-access.ts';
import { SqliteDatabase } from './database/sqlite.ts';
import { descriptorOf, someBytes } from './testing/push.ts';
import { startTestRegistry } from './testing/test-registry.ts';

const authorization = `Basic ${Buffer.from('anna:x').toString('base64')}`;

async function start(quota: number) {
  const accounts = new Accounts(new SqliteDatabase(':memory:'));
  const hash = bcrypt.hashSync('x', 4);
  for (const user of ['anna', 'otto']) await accounts.addUserWithHash(user, hash);
  await accounts.setQuota('anna', quota);
  const registry = await startTestRegistry({ accounts: new AccountAccess(accounts) });
  const ask = async (method: string, path: string, body?: Uint8Array | string, type?: string) => {
    const headers = { authorization, ...(type ? { 'content-type': type } : {}) };
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) };
    return await fetch(`${registry.url}${path}`, { method, headers, ...sent });
  };
  const upload = async (repository: string) =>
    (await ask('POST', `/v2/${repository}/blobs/uploads/`)).headers.get('location') ?? '';
  return { accounts, registry, ask, upload };
}

test('uploads in progress count, across requests and repositories, until they are cancelled', async () => {
  const { registry, ask, upload } = await start(100_000);
  await using _registry = registry;
  const [one, two] = [await upload('anna/a'), await upload('anna/b')];
  assert.equal((await ask('PATCH', one, someBytes(60_000))).status, 202);
  assert.equal((await ask('PATCH', two, someBytes(60_000))).status, 403);
  assert.equal((await ask('PATCH', two, someBytes(40_000))).status, 202);
  assert.equal((await ask('POST', '/v2/anna/c/blobs/uploads/')).status, 403, 'not even a new one');
  assert.equal((await ask('DELETE', one)).status, 204);
  assert.equal((await ask('PATCH', two, someBytes(50_000))).status, 202);
});

test('concurrent uploads of unknown length cannot exceed the quota together', async () => {
  const { registry, upload } = await start(1_000_000);
  await using _registry = registry;
  const locations = await Promise.all(Array.from({ length: 8 }, (_, i) => upload(`anna/r${i}`)));
  const bytes = someBytes(400_000);
  const statuses = await Promise.all(
    locations.map(async (location) => {
      const request = http.request(`${registry.url}${location}`, {
        method: 'PATCH',
        headers: { authorization, 'transfer-encoding': 'chunked' },
        agent: false,
      });
      request.on('error', () => {});
      const answered = once(request, 'response') as Promise<[http.IncomingMessage]>;
      request.end(bytes);
      const [response] = await answered;
      response.resume();
      return response.statusCode;
    }),
  );
  assert.ok(statuses.filter((status) => status === 202).length <= 2, String(statuses));
  assert.ok(
    statuses.every((status) => status === 202 || status === 403),
    String(statuses),
  );
  assert.ok((await registry.storage.usage(['anna'])) <= 1_000_000);
});

test('manifests count, and so do blobs mounted from another owner', async () => {
  const { accounts, registry, ask } = await start(5000);
  await using _registry = registry;
  const config = Buffer.from('{}');
  await ask('POST', `/v2/anna/app/blobs/uploads/?digest=${digestOf(config)}`, config);
  const put = (tag: string) => {
    const manifest = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      config: descriptorOf(config, MEDIA_TYPE.ociConfig),
      layers: [],
      annotations: { tag, filling: 'x'.repeat(2000) },
    };
    const path = `/v2/anna/app/manifests/${tag}`;
    return ask('PUT', path, JSON.stringify(manifest), MEDIA_TYPE.ociManifest);
  };
  assert.equal((await put('one')).status, 201);
  assert.equal((await put('two')).status, 201);
  const refused = await put('three');
  assert.equal(refused.status, 403);
  assert.match(await refused.text(), /the quota of anna is full/);
  assert.equal((await put('two')).status, 201, 'what is there already takes no more');
  assert.equal((await ask('DELETE', '/v2/anna/app/manifests/one')).status, 202);
  const blob = someBytes(3000);
  const id = await registry.storage.uploads.start('otto/app');
  const { Readable } = await import('node:stream');
  await registry.storage.uploads.finish('otto/app', id, digestOf(blob), { bytes: Readable.from([blob]) });
  await accounts.changeSettings('otto/app', { public: true });
  const mount = () => ask('POST', `/v2/anna/app/blobs/uploads/?mount=${digestOf(blob)}&from=otto/app`);
  assert.equal((await mount()).status, 403);
  await accounts.setQuota('anna', 20_000);
  assert.equal((await mount()).status, 201);
});

/** The administration's API is what its own description says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Accounts } from '../src/registry/accounts/accounts.ts';
import { AccountAccess } from '../src/registry/auth/account-access.ts';
import { SqliteDatabase } from '../src/registry/database/sqlite.ts';
import { startTestRegistry } from '../src/registry/testing/test-registry.ts';

interface Described {
  readonly responses: Readonly<
    Record<string, { readonly content?: { readonly 'application/json': { readonly schema: object } } }>
  >;
}

test('each answer has the shape that the description gives it', async () => {
  const accounts = new Accounts(new SqliteDatabase(':memory:'));
  await accounts.addUser('root', 'correct horse', { admin: true });
  await using registry = await startTestRegistry({ accounts: new AccountAccess(accounts) });
  const { paths } = (await (await fetch(`${registry.url}/api/v1/openapi.json`)).json()) as {
    paths: Record<string, Record<string, Described>>;
  };
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  const ask = async (method: string, path: string, values: readonly string[] = [], body?: object) => {
    let next = 0;
    const filled = path.replaceAll(/\{\w+\}/g, () => encodeURIComponent(values[next++] ?? ''));
    const answer = await fetch(`${registry.url}/api/v1${filled}`, {
      method: method.toUpperCase(),
      headers: {
        authorization: `Basic ${Buffer.from('root:correct horse').toString('base64')}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    const described = paths[path]?.[method]?.responses[String(answer.status)];
    assert.ok(described, `${method} ${path} answered ${answer.status}: ${text}`);
    const schema = described.content?.['application/json'].schema;
    if (!schema) return assert.equal(text, '');
    const value: unknown = JSON.parse(text);
    assert.ok(ajv.validate(schema, value), `${method} ${path}: ${ajv.errorsText()} in ${text}`);
    return value;
  };
  await ask('post', '/users', [], { name: 'anna', password: 'x' });
  await ask('post', '/organisations', [], { name: 'shop' });
  await ask('put', '/organisations/{organisation}/members/{user}', ['shop', 'anna'], { role: 'push' });
  await ask('patch', '/repositories/{repository}', ['shop/app'], {
    public: true,
    retention: [{ keepLast: 3 }],
  });
  await ask('put', '/repositories/{repository}/grants/{user}', ['shop/app', 'anna'], { role: 'admin' });
  await ask('put', '/quotas/{owner}', ['shop'], { bytes: 1000 });
  assert.deepEqual(await ask('get', '/quotas/{owner}', ['shop']), { owner: 'shop', bytes: 1000 });
  await ask('put', '/quotas/{owner}', ['shop'], { bytes: null });
  assert.deepEqual(await ask('get', '/quotas/{owner}', ['shop']), { owner: 'shop', bytes: null });
  const { id } = (await ask('post', '/tokens', [], { role: 'pull', days: 1 })) as { id: string };
  for (const path of ['/me', '/tokens', '/users', '/organisations', '/repositories', '/namespaces', '/audit'])
    await ask('get', path);
  await ask('get', '/repositories/{repository}', ['shop/app']);
  await ask('delete', '/tokens/{id}', [id]);
  await ask('delete', '/repositories/{repository}/grants/{user}', ['shop/app', 'anna']);
  await ask('delete', '/organisations/{organisation}/members/{user}', ['shop', 'anna']);
  await ask('delete', '/organisations/{organisation}', ['shop']);
  await ask('patch', '/users/{user}', ['anna'], { disabled: true });
  await ask('delete', '/users/{user}', ['anna']);
  await ask('put', '/namespaces/{namespace}', ['shop'], { owner: null });
  await ask('put', '/me/password', [], { current: 'correct horse', password: 'correct horse' });
});

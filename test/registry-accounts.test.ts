/** A private registry with users and tokens, as docker's client and ours meet it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runRegistry } from '../src/registry/testing/registry-process.ts';
import { TestDaemon } from './harness/daemon.ts';
import { withoutDocker } from './harness/docker.ts';
import { startRegistry } from './harness/registry.ts';

describe('a registry with accounts', { skip: withoutDocker() }, async () => {
  const daemon = await TestDaemon.start();
  await daemon.makeBusybox();
  const directory = daemon.path('registry');
  const root = join(directory, 'data');
  const manage = async (args: readonly string[], input = '') => {
    const { code, stdout, stderr } = await runRegistry([...args, '--data-root', root], input);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  for (const name of ['anna', 'otto']) await manage(['user', 'add', name], 'correct horse');
  const registry = await startRegistry(directory, { flags: ['--accounts'] });
  after(async () => {
    await registry.stop('SIGTERM');
    await daemon.end();
  });
  const { host } = registry;
  const signIn = (client: 'docker' | 'barge', user: string, password: string) =>
    daemon[client](['login', '-u', user, '--password-stdin', host], { input: password });
  const image = `${host}/anna/app:1`;

  for (const client of ['docker', 'barge'] as const) {
    test(`${client}: pushes what is one’s own, pulls what is public, and nothing else`, async () => {
      const run = (...args: string[]) => daemon[client](args);
      const ok = (...args: string[]) => daemon.ok(client, args);
      assert.notEqual((await signIn(client, 'anna', 'wrong')).code, 0);
      assert.equal((await signIn(client, 'anna', 'correct horse')).code, 0);
      await ok('tag', 'busybox', image);
      await ok('push', image);
      await ok('rmi', image);
      await ok('logout', host);
      const anonymous = await run('pull', image);
      assert.equal(anonymous.code, 1);
      assert.match(anonymous.stderr, /denied|unauthorized|authentication required/);
      await signIn(client, 'otto', 'correct horse');
      assert.equal((await run('pull', image)).code, 1, 'of somebody else');
      await manage(['repo', 'grant', 'anna/app', 'otto', 'pull']);
      await ok('pull', image);
      assert.equal((await run('push', image)).code, 1, 'may only pull');
      await ok('rmi', image);
      await ok('logout', host);
      await manage(['repo', 'set', 'anna/app', '--public']);
      await ok('pull', image);
      await ok('rmi', image);
      const token = await manage(['token', 'create', 'anna', '--role', 'push']);
      assert.equal((await signIn(client, 'anna', token)).code, 0);
      await ok('tag', 'busybox', image);
      await ok('push', image);
      await ok('logout', host);
      await ok('rmi', image);
      await manage(['repo', 'set', 'anna/app', '--private']);
      await manage(['repo', 'grant', 'anna/app', 'otto', 'none']);
    });
  }

  test('what was done can be read', async () => {
    assert.match(await manage(['audit']), /anna\t127\.0\.0\.1\tpush\tanna\/app:1@sha256:/);
    assert.match(await manage(['audit']), /anna\t127\.0\.0\.1\tsign-in failed/);
  });
});

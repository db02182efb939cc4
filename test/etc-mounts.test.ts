/** Containers with a mount of their own at /etc still find the files that the daemon writes for them there. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { TestDaemon } from './harness/daemon.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();

const barge = (...args: string[]) => daemon.ok('barge', args);
const remove = (name: string) => barge('rm', '-f', name);
const LISTED = 'cat /etc/hosts; cat /etc/hostname; cat /etc/resolv.conf';

/** A container that goes on until it is removed, and what a script in it prints. */
async function inside(name: string, flags: readonly string[], script: string): Promise<string> {
  await barge('run', '-d', '--name', name, '--hostname', 'own-name', ...flags, 'busybox', 'sleep', '1000');
  return await barge('exec', name, 'sh', '-c', script);
}

describe('a mount at /etc', () => {
  for (const [kind, flags] of [
    ['a volume', ['-v', 'etc-volume:/etc']],
    ['a tmpfs', ['--tmpfs', '/etc']],
  ] as const) {
    test(`that is ${kind} has hosts, hostname and resolv.conf in it`, async () => {
      const text = await inside('mounted', flags, LISTED);
      assert.match(text, /^127\.0\.0\.1\tlocalhost$/m);
      assert.match(text, /\town-name$/m);
      assert.match(text, /^own-name$/m);
      assert.match(text, /^nameserver /m);
      await remove('mounted');
    });
  }

  test('of a stopped container shows them to cp', async () => {
    await inside('copied', ['-v', 'etc-copied:/etc'], 'true');
    await barge('stop', '-t', '0', 'copied');
    assert.match(await barge('cp', 'copied:/etc/hosts', '-'), /\town-name/);
    await remove('copied');
  });

  test('that is read-only gets no file that it did not have', async () => {
    await barge('volume', 'create', 'etc-empty');
    const flags = ['--mount', 'type=volume,source=etc-empty,target=/etc,readonly,volume-nocopy'];
    assert.equal(await inside('reading', flags, 'ls /etc'), '');
    await remove('reading');
  });

  test('keeps the links that a container left in it: none is followed', async () => {
    const volume = ['-v', 'etc-links:/etc'];
    const swap = 'umount /etc/hosts; rm /etc/hosts; ln -s /target /etc/hosts';
    await barge('run', '--rm', '--privileged', ...volume, 'busybox', 'sh', '-c', swap);
    const text = await inside(
      'linked',
      volume,
      'readlink /etc/hosts; test -e /target || echo nothing; cat /etc/hostname',
    );
    assert.equal(text, '/target\nnothing\nown-name');
    await remove('linked');
  });
});

describe('a link on a network of the user’s own', () => {
  test('is a name that is looked up when somebody asks', async () => {
    await barge('network', 'create', 'links');
    const on = ['--network', 'links'];
    await inside('asking', [...on, '--link', 'later:db', '--link', 'alias:other'], 'true');
    await inside('later', [...on, '--network-alias', 'alias'], 'true');
    const address = await barge('inspect', '-f', '{{.NetworkSettings.Networks.links.IPAddress}}', 'later');
    for (const name of ['db', 'other'])
      assert.match(await barge('exec', 'asking', 'ping', '-c', '1', name), new RegExp(`\\(${address}\\)`));
    const { code } = await daemon.barge(['exec', 'later', 'ping', '-c', '1', 'db']);
    assert.notEqual(code, 0, 'the alias is only for whoever asked for the link');
    await remove('later');
    await remove('asking');
    await barge('network', 'rm', 'links');
  });

  test('on the default network needs its container', async () => {
    const { code, stderr } = await daemon.barge(['create', '--link', 'nobody:x', 'busybox']);
    assert.notEqual(code, 0);
    assert.match(stderr, /could not get container for nobody/);
  });
});

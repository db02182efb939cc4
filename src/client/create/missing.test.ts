import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Answer, FakeDaemon, type Seen } from '../testing/fake-daemon.ts';

const refused = (message: string): Answer => ({ status: 404, body: { message } });

test('a missing network is not mistaken for a missing image, whatever the message', async () => {
  await using daemon = await FakeDaemon.start(({ path }: Seen) =>
    path === '/containers/create' ? refused('network image-net not found: no such image net') : { body: {} },
  );
  const { code, stderr } = await daemon.run(['create', '--network', 'image-net', 'a/busybox:1']);
  assert.equal(code, 1);
  assert.match(stderr, /network image-net not found/);
  assert.deepEqual(daemon.paths(), ['POST /containers/create', 'GET /images/a/busybox:1/json']);
});

test('a missing image is pulled, whatever the message', async () => {
  let pulled = false;
  await using daemon = await FakeDaemon.start(({ path }: Seen) => {
    if (path === '/images/create') {
      pulled = true;
      return { body: {} };
    }
    if (pulled) return { status: 201, body: { Id: 'f'.repeat(64), Warnings: [] } };
    return refused('nothing of that name');
  });
  const { code, stdout, stderr } = await daemon.run(['create', 'busybox']);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, `${'f'.repeat(64)}\n`);
  assert.match(stderr, /Unable to find image 'busybox:latest' locally/);
});

test('a copy into a missing container fails, one to a missing path creates it', async () => {
  await using daemon = await FakeDaemon.start(({ method, path }: Seen) => {
    if (method === 'HEAD') return { status: 404, body: {} };
    if (path === '/containers/web/json' || method === 'PUT') return { body: {} };
    return refused('nothing of that name');
  });
  const file = join(daemon.directory, 'file');
  await writeFile(file, 'x');
  const there = await daemon.run(['cp', file, 'web:/new']);
  assert.equal(there.code, 0, there.stderr);
  const absent = await daemon.run(['cp', file, 'gone:/new']);
  assert.equal(absent.code, 1);
  assert.deepEqual(
    daemon.paths().filter((line) => line.startsWith('PUT')),
    ['PUT /containers/web/archive'],
  );
});

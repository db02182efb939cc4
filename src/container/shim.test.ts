import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ShimLink } from './shim.ts';

const directory = mkdtempSync(join(tmpdir(), 'barge-shim-'));
after(() => rmSync(directory, { recursive: true }));

test('a shim that is not there, or ends before it accepts the connection, has gone', async () => {
  assert.equal(await ShimLink.reconnect(directory), undefined);
  const server = createServer().listen(join(directory, 'sock'));
  await once(server, 'listening');
  const link = ShimLink.reconnect(directory);
  server.close();
  assert.equal(await link, undefined);
});

import assert from 'node:assert/strict';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { UnderWay } from './under-way.ts';

test('a request is under way from its head to the end of its response, also one of several alike', async (t: TestContext) => {
  const answered = Promise.withResolvers<void>();
  let arrived = 0;
  const both = Promise.withResolvers<void>();
  const server = createServer(async (_, response) => {
    if (++arrived === 2) both.resolve();
    await answered.promise;
    response.end();
  });
  const underWay = new UnderWay(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const ended = [1, 2].map(
    () =>
      new Promise<void>((resolve) => {
        get({ port, path: '/events?since=1', agent: false }, (response) => {
          response.resume().once('close', resolve);
        });
      }),
  );
  await both.promise;
  assert.deepEqual(underWay.list(), ['GET /events?since=1', 'GET /events?since=1']);
  answered.resolve();
  await Promise.all(ended);
  /* The server's end of a connection closes in a turn of its own. */
  while (underWay.list().length > 0) await new Promise(setImmediate);
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { test } from 'node:test';
import { conflict, invalidParameter } from '../core/errors.ts';
import { errorResponse, type Failure, respond } from './errors.ts';
import { HttpServer, type Incoming, type Serve } from './server.ts';
import { connect, request, upgrade } from './testing/request.ts';

const LIMITS = { headersTimeout: 60_000, keepAliveTimeout: 60_000, maxHeaderSize: 16_384 };

const serving = (serve: Serve, options: Partial<ConstructorParameters<typeof HttpServer>[1]> = {}) =>
  new HttpServer(serve, { ...LIMITS, ...options });

/** A server whose only route is `work`. @returns the server and the failures that it reported. */
function routeOf(work: (incoming: Incoming) => Promise<void> | void) {
  const failures: Failure[] = [];
  const server = serving(async (incoming) => {
    const failure = await respond(incoming, () => work(incoming), errorResponse);
    if (failure) failures.push(failure);
  });
  return { server, failures };
}

test('responses are JSON, text, empty or a stream, each with its headers', async () => {
  const server = serving(
    async ({ request: { url }, response }) => {
      response.header('X-Own', 'yes');
      if (url === '/json') response.json(201, { a: 1 }, { Location: '/x' });
      else if (url === '/text') response.text(200, 'hello');
      else if (url === '/empty') response.empty(204);
      else response.stream(200, { 'Content-Type': 'text/plain' }).end('streamed');
    },
    { headers: { Server: 'Barge' } },
  );
  const json = await request(server, '/json');
  assert.deepEqual([json.status, json.json(), json.headers.location], [201, { a: 1 }, '/x']);
  assert.deepEqual([json.headers.server, json.headers['x-own']], ['Barge', 'yes']);
  const head = await request(server, '/json', { method: 'HEAD' });
  assert.deepEqual([head.status, head.text, head.headers['content-length']], [201, '', '8']);
  const hello = await request(server, '/text');
  assert.deepEqual([hello.text, hello.headers['content-length']], ['hello', '5']);
  const empty = await request(server, '/empty');
  assert.deepEqual([empty.status, empty.text, empty.headers['content-length']], [204, '', undefined]);
  assert.equal((await request(server, '/stream')).text, 'streamed');
});

test('a body arrives as it was sent', async () => {
  const { server } = routeOf(async ({ request, response }) => {
    response.json(200, { type: request.headers['content-type'], size: (await buffer(request)).length });
  });
  assert.deepEqual((await request(server, '/', { method: 'POST', body: { a: 1 } })).json(), {
    type: 'application/json',
    size: 7,
  });
  const body = Readable.from([Buffer.alloc(100_000), Buffer.alloc(1)]);
  assert.deepEqual((await request(server, '/', { method: 'PUT', body })).json(), { size: 100_001 });
});

test('any thrown failure becomes a response by the error table', async () => {
  const { server, failures } = routeOf(({ request: { url } }) => {
    if (url === '/conflict') throw conflict('it is there already');
    throw new TypeError('oops');
  });
  const refused = await request(server, '/conflict');
  assert.deepEqual([refused.status, refused.json()], [409, { message: 'it is there already' }]);
  assert.equal((await request(server, '/')).status, 500);
  assert.deepEqual(
    failures.map(({ outcome }) => outcome),
    ['response', 'response'],
  );
});

test('a failure that cannot be reported cuts the connection', async () => {
  const server = serving(async (incoming) => {
    const broken = () => ({ status: 500, body: {}, headers: { 'X-Broken': 'line\nbreak' } });
    const failure = await respond(incoming, () => Promise.reject(new Error('first')), broken);
    assert.match(String(failure?.error), /first/);
  });
  await assert.rejects(request(server, '/'), { code: 'ECONNRESET' });
});

test('a failure after the headers cuts the connection', async () => {
  const { server, failures } = routeOf(({ response }) => {
    response.stream(200, { 'Content-Type': 'text/plain' }).write('half');
    throw new Error('broken');
  });
  await assert.rejects(request(server, '/'), { code: 'ECONNRESET' });
  assert.equal(failures[0]?.outcome, 'cut');
});

test('a client that disconnects aborts the signal, and gets no response', async () => {
  const started = Promise.withResolvers<void>();
  const { server, failures } = routeOf(async ({ signal }) => {
    started.resolve();
    await once(signal, 'abort');
    throw signal.reason;
  });
  const connection = connect(server.server);
  connection.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await started.promise;
  connection.destroy();
  while (failures.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(failures[0]?.outcome, 'left');
  assert.match(String(failures[0]?.error), /the client has closed the connection/);
});

test('only a route that takes over connections is upgraded', async () => {
  const serve: Serve = async ({ response }) => {
    const connection = response.hijack('application/x-raw');
    const [input] = await once(connection, 'data');
    connection.end(`got ${input}`);
  };
  const server = serving(serve, { upgrades: ({ url }) => url === '/takes' });
  const { status, headers, connection } = await upgrade(server, '/takes');
  assert.deepEqual([status, headers.upgrade, headers['content-type']], [101, 'tcp', 'application/x-raw']);
  connection.end('bytes');
  assert.equal(await text(connection), 'got bytes');
  const plain = await request(server, '/other', {
    method: 'POST',
    headers: { Connection: 'Upgrade', Upgrade: 'h2c' },
    body: 'body',
  });
  assert.deepEqual([plain.status, plain.text], [200, 'got body']);
});

test('a failure before an upgrade is an ordinary response', async () => {
  const server = serving(
    async (incoming) =>
      void (await respond(
        incoming,
        () => {
          throw invalidParameter('not like this');
        },
        errorResponse,
      )),
    { upgrades: () => true },
  );
  const headers = { Connection: 'Upgrade', Upgrade: 'tcp' };
  const refused = await request(server, '/', { method: 'POST', headers });
  assert.deepEqual([refused.status, refused.json()], [400, { message: 'not like this' }]);
});

test('a closing server finishes requests in progress', async () => {
  const [started, rest] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { server } = routeOf(async ({ response }) => {
    started.resolve();
    await rest.promise;
    response.text(200, 'done');
  });
  const pending = request(server, '/');
  await started.promise;
  const closed = server.close(60_000);
  assert.equal(server.isDraining, true);
  rest.resolve();
  assert.equal((await pending).text, 'done');
  await closed;
});

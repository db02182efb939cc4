import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_VERSION } from '../api/engine/system.ts';
import { conflict } from '../core/errors.ts';
import { request } from '../http/testing/request.ts';
import { Routes } from './routes.ts';
import { createApiServer, type RequestLog } from './server.ts';

function serverWith(declare: (routes: Routes) => void) {
  const routes = new Routes();
  declare(routes);
  const lines: Parameters<RequestLog>[0][] = [];
  const about = { version: '1.2.3', experimental: false };
  return { server: createApiServer(routes, about, (line) => lines.push(line)), lines };
}

const { server, lines } = serverWith((routes) => {
  routes.on('GET', '/things/{id...}/json', ({ params, version, query, response }) =>
    response.json(200, { ...params, version, all: query.get('all') }),
  );
  routes.on('POST', '/things/{id}', () => {
    throw conflict('it is there already');
  });
});

test('a route knows the API version of its path, and every response Docker’s headers', async () => {
  const response = await request(server, '/v1.43/things/a%2Fb/json?all=1');
  assert.deepEqual(response.json(), { id: 'a/b', version: '1.43', all: '1' });
  assert.equal(response.headers['api-version'], API_VERSION);
  assert.equal(response.headers.server, 'Barge/1.2.3 (linux)');
  assert.equal((await request(server, '/things/x/json')).json<{ version: string }>().version, API_VERSION);
});

const REFUSED: readonly (readonly [method: string, path: string, status: number, message: RegExp])[] = [
  ['GET', '/nothing', 404, /^page not found: GET \/nothing$/],
  ['PUT', '/things/x', 404, /^page not found: \/things\/x takes no PUT$/],
  [
    'GET',
    '/v1.1/things/x/json',
    400,
    /client version 1\.1 is too old\. Minimum supported API version is 1\.24/,
  ],
  ['GET', '/v1.999/things/x/json', 400, /client version 1\.999 is too new/],
  ['GET', '/things/%/json', 400, /invalid URL escape in "%"/],
  ['GET', '/things/x/json?all=%00', 400, /all: it contains a zero byte/],
  ['POST', '/things/x', 409, /^it is there already$/],
];

for (const [method, path, status, message] of REFUSED) {
  test(`${method} ${path} is refused with ${status}`, async () => {
    const response = await request(server, path, { method });
    assert.equal(response.status, status);
    assert.match(response.json<{ message: string }>().message, message);
    const logged = lines.findLast((line) => line.path === path);
    assert.deepEqual([logged?.method, logged?.status], [method, status]);
    assert.ok(logged?.error);
  });
}

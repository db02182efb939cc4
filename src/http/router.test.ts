import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Router } from './router.ts';

function routerOf(...routes: readonly [string, string][]): Router<string> {
  const router = new Router<string>();
  for (const [method, pattern] of routes) router.on(method as 'GET', pattern, `${method} ${pattern}`);
  return router;
}

const found = (router: Router<string>, method: string, path: string) => {
  const match = router.find(method, path);
  return match && [match.target, { ...match.params }];
};

test('a route is found by method and path', () => {
  const router = routerOf(['GET', '/containers/{id}/json'], ['POST', '/containers/{id}/start']);
  assert.deepEqual(found(router, 'GET', '/containers/x/json'), ['GET /containers/{id}/json', { id: 'x' }]);
  assert.equal(router.find('POST', '/containers/x/json'), undefined);
  assert.equal(router.find('BREW', '/containers/x/json'), undefined);
  assert.equal(router.find('GET', '/containers/x/y/json'), undefined);
  assert.deepEqual(router.methodsOf('/containers/x/json'), ['GET']);
  assert.deepEqual(router.methodsOf('/nowhere'), []);
});

test('a wide parameter may contain slashes, plain or escaped, and is decoded once', () => {
  const router = routerOf(['GET', '/images/{name...}/json'], ['GET', '/images/json']);
  for (const [path, name] of [
    ['/images/a/json', 'a'],
    ['/images/a/b%3Ac/json', 'a/b:c'],
    ['/images/a%2Fb/json', 'a/b'],
    ['/images/a%252Fb/json', 'a%2Fb'],
    ['/images/x/a%252Fb/json', 'x/a%2Fb'],
    ['/images/json/json', 'json'],
    ['/images/é/é/json', 'é/é'],
  ] as const) {
    assert.deepEqual(found(router, 'GET', path), ['GET /images/{name...}/json', { name }], path);
  }
  assert.deepEqual(found(router, 'GET', '/images/json'), ['GET /images/json', {}]);
});

test('the method decides between two readings of a path', () => {
  const router = routerOf(['GET', '/images/{name...}/json'], ['DELETE', '/images/{name...}']);
  assert.deepEqual(found(router, 'DELETE', '/images/team/json'), [
    'DELETE /images/{name...}',
    { name: 'team/json' },
  ]);
  assert.deepEqual(found(router, 'GET', '/images/team/json'), [
    'GET /images/{name...}/json',
    { name: 'team' },
  ]);
});

test('parameters may follow a wide one, and the longer of two endings wins', () => {
  const router = routerOf(
    ['GET', '/v2/{name...}/blobs/{digest}'],
    ['GET', '/v2/{name...}/blobs/uploads/{id}'],
  );
  assert.deepEqual(found(router, 'GET', '/v2/a/b/blobs/sha256:1'), [
    'GET /v2/{name...}/blobs/{digest}',
    { name: 'a/b', digest: 'sha256:1' },
  ]);
  assert.deepEqual(found(router, 'GET', '/v2/a/b/blobs/uploads/7'), [
    'GET /v2/{name...}/blobs/uploads/{id}',
    { name: 'a/b', id: '7' },
  ]);
});

test('a parameter is never empty', () => {
  const router = routerOf(['GET', '/images/{name...}/json'], ['GET', '/networks/{id}']);
  for (const path of ['/images//json', '/networks/', '/networks', '']) {
    assert.equal(router.find('GET', path), undefined, path);
  }
});

test('a trailing slash is significant unless it is to be ignored', () => {
  const [strict, lax] = [new Router<string>(), new Router<string>({ ignoreTrailingSlash: true })];
  for (const router of [strict, lax]) router.on('GET', '/v2', 'root');
  assert.equal(strict.find('GET', '/v2/'), undefined);
  assert.equal(lax.find('GET', '/v2/')?.target, 'root');
  lax.on('POST', '/v2/{name...}/uploads', 'uploads');
  assert.deepEqual(found(lax, 'POST', '/v2/a/b/uploads/'), ['uploads', { name: 'a/b' }]);
});

test('a broken escape in a path is a client error', () => {
  const router = routerOf(['GET', '/containers/{id}/json']);
  for (const path of ['/containers/%/json', '/containers/%c3/json', '/%zz'])
    assert.throws(() => router.find('GET', path), { kind: 'invalid-parameter', message: /URL escape/ });
});

import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { digestOf } from '../../core/digest.ts';
import { parseChallenges } from './challenge.ts';
import { checkLogin } from './check-login.ts';
import { RemoteRepository } from './remote-repository.ts';
import { fails } from './testing/fails.ts';
import { type ScriptedServer, startScript } from './testing/scripted-server.ts';

const digest = digestOf('x');
const ANNA = `Basic ${Buffer.from('anna:secret').toString('base64')}`;

interface TokenWorld extends AsyncDisposable {
  readonly registry: ScriptedServer;
  readonly server: ScriptedServer;
  readonly forms: URLSearchParams[];
}

/** A registry whose blobs need a token for their repository, and the token server that issues it. */
async function tokenWorld({ lifetime = 300, account = '' } = {}): Promise<TokenWorld> {
  const forms: URLSearchParams[] = [];
  let count = 0;
  const server = await startScript(async (request, response) => {
    const form = await formOf(request);
    forms.push(form);
    const isGood =
      form.get('refresh_token') === 'identity' ||
      request.headers.authorization === ANNA ||
      (account === '' && request.headers.authorization === undefined);
    if (!isGood) response.writeHead(401).end('{"details":"incorrect username or password"}');
    else {
      const token = `${++count} ${form.getAll('scope').join(' ')}`;
      const refresh = form.has('offline_token') ? { refresh_token: 'identity' } : {};
      response.end(JSON.stringify({ token, expires_in: lifetime, ...refresh }));
    }
  });
  const challenge = `Bearer realm="${server.url}/token",service="the registry"`;
  const registry = await startScript(
    ({ headers, url }, response) => {
      const token = headers.authorization?.replace(/^Bearer /, '');
      const covers = url === '/v2/' || token?.includes('repository:app:pull');
      if (token && covers) response.end();
      else {
        const error = token ? ',error="insufficient_scope"' : '';
        response.writeHead(401, { 'WWW-Authenticate': `${challenge}${error}` }).end();
      }
    },
    { answersRoot: true },
  );
  const dispose = async () => {
    await registry[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  };
  return { registry, server, forms, [Symbol.asyncDispose]: dispose };
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  if (request.method === 'POST') return new URLSearchParams(await text(request));
  return new URL(request.url ?? '', 'http://x').searchParams;
}

const remoteOf = ({ registry }: TokenWorld, options = {}, path = 'app') =>
  new RemoteRepository({ domain: registry.host, path }, options);

test('a token is fetched without credentials, and once for many requests', async () => {
  await using world = await tokenWorld();
  using remote = remoteOf(world);
  await Promise.all([remote.hasBlob(digest), remote.hasBlob(digest)]);
  assert.equal(await remote.hasBlob(digest), true);
  assert.equal(world.forms.length, 1);
  assert.equal(String(world.forms[0]), 'service=the+registry&scope=repository%3Aapp%3Apull');
});

test('credentials are sent to the token server only', async () => {
  await using world = await tokenWorld({ account: 'anna' });
  using remote = remoteOf(world, { auth: { username: 'anna', password: 'secret' } });
  assert.equal(await remote.hasBlob(digest), true);
  assert.equal(world.forms[0]?.get('account'), 'anna');
  assert.match(world.registry.requests[0]?.headers.authorization ?? '', /^Bearer /);
});

test('an identity token is exchanged for a token', async () => {
  await using world = await tokenWorld({ account: 'anna' });
  using remote = remoteOf(world, { auth: { identitytoken: 'identity' } });
  assert.equal(await remote.hasBlob(digest), true);
  assert.equal(world.forms[0]?.get('grant_type'), 'refresh_token');
  assert.equal(world.forms[0]?.get('scope'), 'repository:app:pull');
});

test('a registry token is sent unchanged', async () => {
  await using world = await tokenWorld();
  using remote = remoteOf(world, { auth: { registrytoken: 'for repository:app:pull' } });
  assert.equal(await remote.hasBlob(digest), true);
  assert.equal(world.forms.length, 0);
});

test('wrong credentials are reported in the token server’s words', async () => {
  await using world = await tokenWorld({ account: 'anna' });
  using remote = remoteOf(world, { auth: { username: 'anna', password: 'x' } });
  const message = /^Head "http:\S+": unauthorized: incorrect username or password$/;
  await assert.rejects(remote.hasBlob(digest), fails('unauthorized', message));
});

test('a token with insufficient scope results in a denied pull', async () => {
  await using world = await tokenWorld();
  using remote = remoteOf(world, {}, 'other');
  const message =
    /^pull access denied for \S+\/other, .*: denied: requested access to the resource is denied$/;
  await assert.rejects(remote.manifest('v1'), fails('not-found', message));
});

test('a login returns the token server’s identity token', async () => {
  await using world = await tokenWorld({ account: 'anna' });
  const { host } = world.registry;
  assert.deepEqual(await checkLogin(host, { username: 'anna', password: 'secret' }), {
    identityToken: 'identity',
  });
  const message = new RegExp(`^Get "http://${host}/v2/": unauthorized: incorrect username or password$`);
  const wrong = checkLogin(host, { username: 'anna', password: 'x' });
  await assert.rejects(wrong, fails('unauthorized', message));
});

test('challenges are parsed as servers write them', () => {
  assert.deepEqual(
    parseChallenges('Bearer realm="https://a/t?x=1,2",service=s, scope="a b", Basic realm="q\\"r"'),
    [
      { scheme: 'bearer', parameters: { realm: 'https://a/t?x=1,2', service: 's', scope: 'a b' } },
      { scheme: 'basic', parameters: { realm: 'q"r' } },
    ],
  );
  assert.deepEqual(parseChallenges(undefined), []);
  assert.deepEqual(parseChallenges('Negotiate'), [{ scheme: 'negotiate', parameters: {} }]);
});

/** Bodies and parameters as no client of ours writes them: whatever they hold, the daemon says so and does not fail. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { COMMIT, CREATE, UPDATE } from '../src/daemon/decode/container.ts';
import { EXEC_CREATE, EXEC_START } from '../src/daemon/decode/exec.ts';
import { NETWORK_CONNECT, NETWORK_CREATE, NETWORK_DISCONNECT } from '../src/daemon/decode/network.ts';
import { AUTH, MANIFEST_LIST, SESSION, VOLUME_CREATE } from '../src/daemon/decode/others.ts';
import { BUILD_PARAMETERS } from '../src/daemon/decode/query.ts';
import type { Schema } from '../src/daemon/decode/schema.ts';
import { randomBody, randomNumbers } from '../src/daemon/decode/testing/random.ts';
import { sweep } from '../src/daemon/decode/testing/sweep.ts';
import { openApi } from './harness/api.ts';
import { apiClient, errorOf, withFilters } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, create, run, remove } = apiClient(daemon);

/** Without looking at the answer's shape: only the status and the message matter here. */
async function send(
  path: string,
  body: unknown,
  { method = 'POST', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; text: string }> {
  const response = await openApi(daemon.socket, { method, path, body, headers });
  const text = (await response.toArray()).join('');
  return { status: response.statusCode ?? 0, text };
}

interface Swept {
  readonly path: () => Promise<string> | string;
  readonly schema: Schema<unknown>;
  /** What the body needs beside the member that is swept. */
  readonly base?: object;
}

await run('up');
const session = async () => {
  const body = { Cmd: ['true'], AttachStdout: true };
  return `/exec/${(await post('/containers/up/exec', body)).json().Id}/start`;
};
const ROUTES: Readonly<Record<string, Swept>> = {
  'POST /containers/create': {
    path: () => '/containers/create',
    schema: CREATE,
    base: { Image: 'busybox', Cmd: ['true'] },
  },
  'POST /containers/{id}/update': { path: () => '/containers/up/update', schema: UPDATE },
  'POST /commit': { path: () => '/commit?container=up&pause=0', schema: COMMIT },
  'POST /containers/{id}/exec': {
    path: () => '/containers/up/exec',
    schema: EXEC_CREATE,
    base: { Cmd: ['true'] },
  },
  'POST /exec/{id}/start': { path: session, schema: EXEC_START },
  'POST /networks/create': { path: () => '/networks/create', schema: NETWORK_CREATE },
  'POST /networks/{id}/connect': {
    path: () => '/networks/bridge/connect',
    schema: NETWORK_CONNECT,
    base: { Container: 'nobody' },
  },
  'POST /networks/{id}/disconnect': {
    path: () => '/networks/bridge/disconnect',
    schema: NETWORK_DISCONNECT,
    base: { Container: 'nobody' },
  },
  'POST /volumes/create': { path: () => '/volumes/create', schema: VOLUME_CREATE },
  'POST /auth': {
    path: () => '/auth',
    schema: AUTH,
    base: { username: 'a', password: 'b', serveraddress: '127.0.0.1:1' },
  },
  'POST /barge/sessions': { path: () => '/barge/sessions', schema: SESSION },
  'POST /barge/manifests/{name}': { path: () => '/barge/manifests/127.0.0.1:1/x:y', schema: MANIFEST_LIST },
};

for (const [title, { path, schema, base = {} }] of Object.entries(ROUTES)) {
  test(`${title}: every member with null, wrong types and in another case`, async () => {
    for (const { what, path: member, body } of sweep(schema)) {
      const whole = { ...base, ...(body as object) };
      /* No other registry is asked than that of the base. */
      if (member === 'AuthConfig.serveraddress' && what !== 'wrong type') continue;
      const { status, text } = await send(await path(), whole);
      const label = `${what} ${JSON.stringify(whole)}: ${status} ${text}`;
      /* Nobody listens at the registry's address: that the body was read is seen by getting so far. */
      const unreachable = /127\.0\.0\.1:1/.test(text) && what !== 'wrong type';
      assert.ok(status < 500 || unreachable, label);
      if (what === 'wrong type') {
        assert.equal(status, 400, label);
        assert.match(text, /invalid JSON: json: cannot unmarshal \w+.* into Go struct field/, label);
        assert.ok(text.includes(`${member} of type`), label);
      }
      if (status === 201 && title === 'POST /containers/create') await destroyCreated(text);
      if (status === 201 && title === 'POST /networks/create') await remove(`/networks/${idIn(text)}`);
    }
    assert.equal((await get('/_ping')).status, 200);
  });
}

/** Names of other hosts take long to look up. */
const NOT_RANDOM = ['POST /auth', 'POST /barge/manifests/{name}'];
const RANDOM_BODIES = 250;
/** Each runs a process. */
const RANDOM_STARTS = 40;

for (const [title, { path, schema, base = {} }] of Object.entries(ROUTES)) {
  if (NOT_RANDOM.includes(title)) continue;
  test(`${title}: any JSON at any place is taken, or the client’s mistake`, async () => {
    const random = randomNumbers(title.length);
    const bodies = schema === EXEC_START ? RANDOM_STARTS : RANDOM_BODIES;
    for (let i = 0; i < bodies; i++) {
      const body = { ...base, ...(randomBody(schema, random) as object), ...base };
      const { status, text } = await send(await path(), body);
      assert.ok(status < 500 || isDockersOwn(text), `${JSON.stringify(body)}: ${status} ${text}`);
      if (status === 201 && title === 'POST /containers/create') await destroyCreated(text);
      if (status === 201 && title === 'POST /networks/create') await remove(`/networks/${idIn(text)}`);
      if (status === 201 && title === 'POST /barge/sessions') await remove(`/barge/sessions/${idIn(text)}`);
    }
    assert.equal((await get('/_ping')).status, 200);
  });
}

/** Failures that are dockerd’s own kind of failure for a request that it understands. */
const isDockersOwn = (text: string) =>
  /--storage-opt is supported only|is not connected to network/.test(text);

test('a limit for a device that is not a block device is the client’s mistake', async () => {
  for (const path of ['/', '/dev/null', '/nowhere']) {
    const [status, message] = errorOf(
      await post('/containers/up/update', { BlkioDeviceReadIOps: [{ Path: path, Rate: 5 }] }),
    );
    assert.equal(status, 400, message);
  }
});

const idIn = (text: string): string => JSON.parse(text).Id;
const destroyCreated = (text: string) =>
  send(`/containers/${idIn(text)}?v=1`, undefined, { method: 'DELETE' });

test('bodies in which Go’s clients say null for what is not set', async () => {
  const body = { Image: 'busybox', Cmd: 'true', HostConfig: null, NetworkingConfig: null, Env: null };
  const answer = await post('/containers/create?name=nulls', body);
  assert.equal(answer.status, 201, answer.text);
  assert.deepEqual((await get('/containers/nulls/json')).json().Config.Cmd, ['true']);
  const policy = { HostConfig: { RestartPolicy: { Name: 'always', MaximumRetryCount: null } } };
  await create('policy', policy);
  assert.deepEqual((await get('/containers/policy/json')).json().HostConfig.RestartPolicy, {
    Name: 'always',
    MaximumRetryCount: 0,
  });
  await create('lower', { hostconfig: { networkmode: 'none', tmpfs: { '/t': null } } });
  const { HostConfig: host } = (await get('/containers/lower/json')).json();
  assert.deepEqual([host.NetworkMode, host.Tmpfs], ['none', { '/t': '' }]);
  /* Members of Docker's that nobody has set are shown all the same: programs read them without asking. */
  assert.deepEqual([host.Memory, host.Devices, host.PidsLimit, host.CpusetCpus], [0, null, null, '']);
  for (const name of ['nulls', 'policy', 'lower'])
    assert.equal((await remove(`/containers/${name}`)).status, 204);
});

test('a list of a context’s files holds nothing else', async () => {
  const { Id } = (await post('/barge/sessions', {})).json();
  for (const line of ['null', '7', '{}', '[null]', '["a","f",7]', '["a"]', '{']) {
    const { status, text } = await send(`/barge/sessions/${Id}/compare?name=c&key=${'0'.repeat(64)}`, line);
    assert.equal(status, 400, `${line}: ${text}`);
  }
});

test('an empty body where one is needed', async () => {
  assert.deepEqual(errorOf(await post('/containers/create')), [
    400,
    'invalid JSON: got EOF while reading request body',
  ]);
});

const FILTERS = [null, {}, { label: null }, { label: [] }, { label: {} }, { label: { a: null } }];
const NO_FILTERS = [7, 'x', [], { label: 7 }, { label: [7] }, { label: { a: 'x' } }, { label: [null, {}] }];

test('filters that are null are none, and of a wrong type the client’s mistake', async () => {
  for (const path of ['/containers/json', '/images/json', '/networks', '/volumes', '/images/search?term=x'])
    for (const filters of NO_FILTERS) {
      const [status, message] = errorOf(await get(withFilters(path, filters as object)));
      assert.equal(status, 400);
      assert.match(message, /invalid filter/);
    }
  for (const path of ['/containers/json', '/images/json', '/networks', '/volumes'])
    for (const filters of FILTERS)
      assert.equal((await get(withFilters(path, filters as object))).status, 200);
  for (const what of ['images', 'networks', 'volumes', 'containers', 'build'])
    for (const filters of NO_FILTERS) {
      const { status, text } = await send(withFilters(`/${what}/prune`, filters as object), undefined);
      assert.equal(status, 400, `${what} ${JSON.stringify(filters)}: ${text}`);
    }
});

test('a build’s parameters that are JSON: null, and wrong types', async () => {
  const nulls = new URLSearchParams(Object.keys(BUILD_PARAMETERS).map((name) => [name, 'null']));
  const context = daemon.path('context.tar');
  const { spawnSync } = await import('node:child_process');
  const { mkdirSync, readFileSync, writeFileSync } = await import('node:fs');
  mkdirSync(daemon.path('context'));
  writeFileSync(daemon.path('context/Dockerfile'), 'FROM busybox\nLABEL a=b\n');
  assert.equal(spawnSync('tar', ['-cf', context, '-C', daemon.path('context'), '.']).status, 0);
  const tar = readFileSync(context);
  const headers = { 'Content-Type': 'application/x-tar', 'X-Registry-Config': 'nonsense' };
  const built = await send(`/build?t=nulls&shmsize=0&platform=&${nulls}`, tar, { headers });
  assert.match(built.text, /Successfully tagged nulls:latest/, built.text);
  for (const name of Object.keys(BUILD_PARAMETERS)) {
    for (const wrong of ['7', '"x"', '{"a":7}', '[7]', '{', '[null,7]']) {
      const { status, text } = await send(`/build?${new URLSearchParams({ [name]: wrong })}`, tar, {
        headers,
      });
      assert.equal(status, 400, `${name}=${wrong}: ${text}`);
      assert.match(text, /error reading /);
    }
  }
});

test('credentials that cannot be read are none', async () => {
  for (const header of ['nonsense', Buffer.from('{"username":7}').toString('base64url'), '']) {
    const headers = { 'X-Registry-Auth': header };
    for (const [method, path] of [
      ['POST', '/images/create?fromImage=127.0.0.1:1/x&tag=y'],
      ['POST', '/images/none/push'],
      ['GET', '/distribution/127.0.0.1:1/x/json'],
    ] as const) {
      const { text } = await send(path, undefined, { method, headers });
      assert.doesNotMatch(text, /X-Registry-Auth|cannot unmarshal|JSON/, `${path}: ${text}`);
    }
  }
});

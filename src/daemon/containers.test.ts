import assert from 'node:assert/strict';
import { test } from 'node:test';
import { begin } from '../http/testing/request.ts';
import { openTestDaemon, type TestDaemon } from './testing/daemon.ts';

interface Inspect {
  readonly Id: string;
  readonly Name: string;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
  };
  readonly RestartCount: number;
  readonly HostConfig: { readonly Memory: number };
}

/** A daemon with an image and a container of it, without a network. */
async function withContainer(host: object = {}): Promise<TestDaemon> {
  const daemon = await openTestDaemon();
  daemon.addImage('app', { Cmd: ['sleep', '1'] });
  const body = { Image: 'app', HostConfig: { NetworkMode: 'none', ...host } };
  const created = await daemon.ask('POST', '/containers/create?name=web', body);
  assert.equal(created.status, 201, created.text);
  return daemon;
}

const inspect = async (daemon: TestDaemon) =>
  (await daemon.ask('GET', '/containers/web/json')).json<Inspect>();
const stateOf = async (daemon: TestDaemon) => (await inspect(daemon)).State;

/** Lets timers run between two looks, which requests in memory alone would not. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

/** Statuses of requests, one after another. */
async function statuses(daemon: TestDaemon, ...requests: readonly string[]): Promise<number[]> {
  const found: number[] = [];
  for (const one of requests) {
    const [method = '', path = ''] = one.split(' ');
    found.push((await daemon.ask(method, path)).status);
  }
  return found;
}

test('a container runs, is waited for, and is removed', async () => {
  await using daemon = await withContainer();
  assert.deepEqual(
    await statuses(daemon, 'POST /containers/web/start', 'POST /containers/web/start'),
    [204, 304],
  );
  const { Status, Running, Pid } = await stateOf(daemon);
  assert.deepEqual([Status, Running, Pid], ['running', true, 4242]);
  assert.deepEqual(await statuses(daemon, 'DELETE /containers/web'), [409]);
  const wait = await begin(daemon.server, '/containers/web/wait?condition=next-exit', { method: 'POST' });
  daemon.shims.exit(3);
  assert.deepEqual((await wait.whole).json(), { StatusCode: 3 });
  assert.deepEqual([(await stateOf(daemon)).Status, (await stateOf(daemon)).ExitCode], ['exited', 3]);
  assert.deepEqual(await statuses(daemon, 'DELETE /containers/web', 'DELETE /containers/web'), [204, 404]);
});

test('signals go to the shim, and a kill is over with the exit', async () => {
  await using daemon = await withContainer();
  await daemon.ask('POST', '/containers/web/start');
  assert.equal((await daemon.ask('POST', '/containers/web/kill?signal=USR1')).status, 204);
  assert.equal((await daemon.ask('POST', '/containers/web/kill?signal=NONSENSE')).status, 400);
  const killed = daemon.ask('POST', '/containers/web/kill');
  await until(() => daemon.shims.heard.includes('kill 9'));
  daemon.shims.exit(137);
  assert.equal((await killed).status, 204);
  assert.deepEqual(daemon.shims.heard, ['go', 'kill 10', 'kill 9']);
  assert.deepEqual(
    await statuses(daemon, 'POST /containers/web/kill', 'POST /containers/web/stop'),
    [409, 304],
  );
});

test('a paused container can be neither started nor executed in, and goes on afterwards', async () => {
  await using daemon = await withContainer();
  assert.deepEqual(await statuses(daemon, 'POST /containers/web/pause'), [409]);
  await daemon.ask('POST', '/containers/web/start');
  daemon.host.take();
  assert.deepEqual(
    await statuses(daemon, 'POST /containers/web/pause', 'POST /containers/web/start'),
    [204, 409],
  );
  assert.deepEqual(
    daemon.host.callsOf('cgroups.freeze').map(([, , frozen]) => frozen),
    [true],
  );
  assert.equal((await daemon.ask('POST', '/containers/web/exec', { Cmd: ['x'] })).status, 409);
  assert.deepEqual(
    await statuses(daemon, 'POST /containers/web/unpause', 'POST /containers/web/unpause'),
    [204, 409],
  );
  assert.equal((await stateOf(daemon)).Status, 'running');
  daemon.shims.exit(0);
});

test('a container of --rm goes with its end', async () => {
  await using daemon = await withContainer({ AutoRemove: true });
  await daemon.ask('POST', '/containers/web/start');
  const removed = await begin(daemon.server, '/containers/web/wait?condition=removed', { method: 'POST' });
  daemon.shims.exit(0);
  assert.deepEqual((await removed.whole).json(), { StatusCode: 0 });
  assert.deepEqual(await statuses(daemon, 'GET /containers/web/json'), [404]);
});

test('a restart policy starts a failed container again', async () => {
  await using daemon = await withContainer({ RestartPolicy: { Name: 'on-failure' } });
  await daemon.ask('POST', '/containers/web/start');
  daemon.shims.exit(1);
  await until(async () => (await inspect(daemon)).RestartCount === 1);
  assert.deepEqual(daemon.shims.heard.filter((line) => line === 'go').length, 2);
  assert.equal((await stateOf(daemon)).Running, true);
  daemon.shims.exit(0);
  await until(async () => (await stateOf(daemon)).Status === 'exited');
});

test('a start that the host refuses leaves a container that can be removed', async () => {
  await using daemon = await withContainer();
  daemon.host.on('processes.startDetached', async () => {
    throw new Error('no process for anybody');
  });
  const failed = await daemon.ask('POST', '/containers/web/start');
  assert.equal(failed.status, 500);
  assert.match(failed.text, /no process for anybody/);
  const { Status, ExitCode } = await stateOf(daemon);
  assert.deepEqual([Status, ExitCode], ['created', 128]);
  assert.deepEqual(await statuses(daemon, 'DELETE /containers/web'), [204]);
});

test('names are unique, can change, and find their container', async () => {
  await using daemon = await withContainer();
  const again = await daemon.ask('POST', '/containers/create?name=web', { Image: 'app' });
  assert.equal(again.status, 409);
  assert.match(again.text, /The container name \\"\/web\\" is already in use/);
  assert.deepEqual(
    await statuses(
      daemon,
      'POST /containers/web/rename?name=other',
      'GET /containers/web/json',
      'GET /containers/other/json',
      'POST /containers/other/rename?name=-',
    ),
    [204, 404, 200, 400],
  );
});

test('limits of a running container are changed in its cgroup and its record', async () => {
  await using daemon = await withContainer({ Memory: 64 << 20 });
  await daemon.ask('POST', '/containers/web/start');
  daemon.host.take();
  const updated = await daemon.ask('POST', '/containers/web/update', {
    Memory: 32 << 20,
    MemorySwap: 64 << 20,
  });
  assert.deepEqual([updated.status, updated.json()], [200, { Warnings: null }]);
  assert.equal(daemon.host.callsOf('cgroups.applyLimits').length, 1);
  const { HostConfig } = await inspect(daemon);
  assert.equal(HostConfig.Memory, 32 << 20);
  daemon.shims.exit(0);
});

test('events say what has happened, in its order', async () => {
  await using daemon = await withContainer();
  const since = Math.floor(Date.now() / 1000) - 10;
  await daemon.ask('POST', '/containers/web/start');
  daemon.shims.exit(0);
  await until(async () => (await stateOf(daemon)).Status === 'exited');
  await daemon.ask('DELETE', '/containers/web');
  const events = await daemon.ask(
    'GET',
    `/events?since=${since}&until=${since + 11}&filters={"type":["container"]}`,
  );
  const actions = events.text
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { readonly Action: string }).Action);
  assert.deepEqual(actions, ['create', 'start', 'die', 'destroy']);
});

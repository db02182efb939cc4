/** Client, daemon or registry killed in the middle of build, pull, push and run: then everything goes on. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { someBytes } from '../src/registry/testing/push.ts';
import { imageOf, serveImage, tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';
import { startRegistry, type TestRegistry } from './harness/registry.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();

const ok = (...args: string[]) => daemon.ok('barge', args);

function context(name: string, dockerfile: string): string {
  const directory = daemon.path(name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'Dockerfile'), dockerfile);
  return directory;
}

const SLOW_BUILD = 'FROM busybox\nRUN echo one >/one\nRUN echo sleeping; sleep 1000; echo two >/two\n';
const QUICK_BUILD = 'FROM busybox\nRUN echo one >/one\nRUN echo two >/two\nCMD cat /one /two\n';

/** Starts the slow build and waits until its second RUN is under way. */
async function startSlowBuild(name: string) {
  const build = daemon.startBarge(['build', '-t', name, context(name, SLOW_BUILD)]);
  await eventually('the second step runs', () => /^.*sleeping$/m.test(build.stdout() + build.stderr()));
  return build;
}

/** A build works again, nothing of the broken one is left, and a container runs. */
async function assertBuilds(name: string): Promise<void> {
  await eventually('nothing of the build runs', () => processesWith('sleep 1000').length === 0);
  assert.equal(await ok('images', '-q', name), '');
  assert.equal(await ok('ps', '-aq'), '');
  await ok('build', '-t', name, context(`${name}-again`, QUICK_BUILD));
  assert.equal(await ok('run', '--rm', name), 'one\ntwo');
  await ok('rmi', name);
  assertNoTemporary();
}

/** Pids in this daemon's cgroups whose command line has these words. */
function processesWith(words: string): string[] {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(words));
}

function commandOf(pid: string): string {
  try {
    const inside = readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(daemon.cgroup);
    return inside ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') : '';
  } catch {
    return ''; /* it has ended */
  }
}

/** Files that only work under way may have. */
function assertNoTemporary(): void {
  const found = readdirSync(daemon.dataRoot, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tmp$|\.partial$|^tmp-/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  assert.deepEqual(found, []);
}

async function killDaemon(): Promise<void> {
  await daemon.stop('SIGKILL');
  await daemon.startAgain();
}

describe('in the middle of a build', () => {
  test('the client is killed: its build ends, the next one works', async () => {
    const build = await startSlowBuild('client-gone');
    build.child.kill('SIGKILL');
    await build.done;
    await assertBuilds('client-gone');
  });

  test('the daemon is killed: the client says so, the next daemon builds', async () => {
    const build = await startSlowBuild('daemon-gone');
    await daemon.stop('SIGKILL');
    const { code, stderr } = await build.done;
    assert.equal(code, 1);
    assert.match(stderr, /closed the connection/);
    await daemon.startAgain();
    await assertBuilds('daemon-gone');
  });
});

describe('in the middle of run', () => {
  test('the client is killed: the container lives and keeps its output', async () => {
    const client = daemon.startBarge([
      'run',
      '--name',
      'alone',
      'busybox',
      'sh',
      '-c',
      'echo up; read x; sleep 1000',
    ]);
    await eventually('it is up', () => client.stdout() === 'up\n');
    client.child.kill('SIGKILL');
    await client.done;
    assert.equal(await ok('logs', 'alone'), 'up');
    await ok('rm', '-f', 'alone');
  });

  test('the daemon is killed at any point of a start: the name is free again once removed', async () => {
    for (let delay = 0; delay < 120; delay += 15) {
      const starting = (async () => {
        const body = { Image: 'busybox', Cmd: ['sleep', '1000'] };
        await daemon.api('/containers/create?name=half', { method: 'POST', body });
        await daemon.api('/containers/half/start', { method: 'POST' });
      })().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, delay));
      await killDaemon();
      await starting;
      const { status } = await daemon.api('/containers/half?force=1', { method: 'DELETE' });
      assert([204, 404].includes(status), `${status}`);
      assert.equal(await ok('ps', '-aq'), '');
      await eventually('no process is left', () => processesWith('sleep 1000').length === 0);
    }
    assert.equal(await ok('run', '--rm', '--name', 'half', 'busybox', 'echo', 'works'), 'works');
  });

  test('the daemon is killed while a container runs in the foreground: the client says so', async () => {
    const client = daemon.startBarge([
      'run',
      '--rm',
      '--name',
      'front',
      'busybox',
      'sh',
      '-c',
      'echo up; sleep 1000',
    ]);
    await eventually('it is up', () => client.stdout() === 'up\n');
    await daemon.stop('SIGKILL');
    const { code, stderr } = await client.done;
    assert.notEqual(code, 0);
    assert.match(stderr, /closed the connection|Cannot connect/);
    await daemon.startAgain();
    assert.equal((await daemon.api('/containers/front/json')).json().State.Running, true);
    await ok('kill', 'front');
    await eventually('--rm holds', async () => (await ok('ps', '-aq')) === '');
  });
});

describe('in the middle of a pull', () => {
  const layers = Promise.all(
    ['a', 'b'].map((seed) => tarOf([{ name: seed, content: someBytes(3 << 20, seed) }])),
  );

  /** Serves an image whose layers stop half way while `stuck` says so. */
  async function serveSlowly(stuck: () => boolean) {
    const image = imageOf(await layers);
    return serveImage(image, (request, response) => {
      if (!stuck() || !request.url?.includes('/blobs/')) return false;
      const layer = image.layers.find((_, i) =>
        request.url?.endsWith(JSON.parse(`${image.manifest}`).layers[i].digest),
      );
      if (!layer) return false;
      response.writeHead(200, { 'Content-Length': layer.length });
      response.write(layer.subarray(0, 1 << 20));
      return true;
    });
  }

  async function startStuckPull(name: string, requests: () => number) {
    const pull = daemon.startBarge(['pull', name]);
    await eventually('the layers are under way', () => requests() >= 4);
    return pull;
  }

  test('the client is killed: the daemon lets go of the layers, and the next pull works', async () => {
    let stuck = true;
    await using server = await serveSlowly(() => stuck);
    const pull = await startStuckPull(`${server.host}/one`, () => server.requests.length);
    pull.child.kill('SIGKILL');
    await pull.done;
    stuck = false;
    await ok('pull', `${server.host}/one`);
    await ok('rmi', `${server.host}/one`);
    assertNoTemporary();
  });

  test('the daemon is killed: the next one holds nothing of it, and pulls it', async () => {
    let stuck = true;
    await using server = await serveSlowly(() => stuck);
    const pull = await startStuckPull(`${server.host}/two`, () => server.requests.length);
    await daemon.stop('SIGKILL');
    assert.equal((await pull.done).code, 1);
    await daemon.startAgain();
    assert.equal(await ok('images', '-q', `${server.host}/two`), '');
    assertNoTemporary();
    stuck = false;
    await ok('pull', `${server.host}/two`);
    assert.match(await ok('rmi', `${server.host}/two`), /Deleted: sha256:/);
  });

  test('the registry goes away: the pull fails in a sentence and can be done again', async () => {
    const server = await serveSlowly(() => true);
    const pull = await startStuckPull(`${server.host}/three`, () => server.requests.length);
    await server[Symbol.asyncDispose]();
    const { code, stderr } = await pull.done;
    assert.equal(code, 1);
    assert.match(stderr, /refused|reset|closed|EOF|hang up/i);
    assert.equal(await ok('images', '-q', `${server.host}/three`), '');
    assertNoTemporary();
  });
});

describe('in the middle of a push', () => {
  /** A registry that can be killed and comes back where it was, and an image with something to push. */
  async function prepare(name: string): Promise<{ registry: TestRegistry; image: string }> {
    const registry = await startRegistry(daemon.path(name));
    const archive = daemon.path(`${name}.tar`);
    writeFileSync(archive, await tarOf([{ name: 'big', content: someBytes(16 << 20, name) }]));
    const image = `${registry.host}/${name}:1`;
    await ok('import', archive, image);
    return { registry, image };
  }

  const portOf = (registry: TestRegistry) => Number(registry.host.split(':')[1]);

  /** Starts a push and waits until bytes of it have reached the registry. */
  async function startPush(image: string, name: string) {
    const push = daemon.startBarge(['push', image]);
    const uploads = () => readdirSync(daemon.path(`${name}/data`), { recursive: true }).map(String);
    await eventually('an upload has begun', () =>
      uploads().some((file) => /upload/.test(file) && /[0-9a-f-]{30}/.test(file)),
    );
    return push;
  }

  async function assertPushes(registry: TestRegistry, image: string): Promise<void> {
    assert.match(await ok('push', image), /digest: sha256:/);
    await ok('rmi', image);
    await ok('pull', image);
    await ok('rmi', image);
    await registry.stop('SIGTERM');
  }

  test('the client is killed: a second push completes', async () => {
    const { registry, image } = await prepare('push-client');
    const push = await startPush(image, 'push-client');
    push.child.kill('SIGKILL');
    await push.done;
    await assertPushes(registry, image);
  });

  test('the daemon is killed: the next one pushes it whole', async () => {
    const { registry, image } = await prepare('push-daemon');
    const push = await startPush(image, 'push-daemon');
    await daemon.stop('SIGKILL');
    await push.done;
    await daemon.startAgain();
    await assertPushes(registry, image);
  });

  test('the registry is killed and comes back: what it has is whole, and a push completes', async () => {
    const { registry, image } = await prepare('push-registry');
    const push = await startPush(image, 'push-registry');
    await registry.stop('SIGKILL');
    const again = await startRegistry(daemon.path('push-registry'), { port: portOf(registry) });
    await push.done; /* it may have met the new one in time, or have failed */
    await assertPushes(again, image);
  });
});

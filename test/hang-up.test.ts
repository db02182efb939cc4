/**
 * Clients that go at every moment of every request, with and without Upgrade: half-closed, closed and reset. The daemon
 * lives on, and says nothing of it. BARGE_TEST_EVERY_MOMENT=1 tries each way of going at each millisecond.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../src/core/errors.ts';
import { routesOf } from '../src/daemon/daemon.ts';
import type { Engine } from '../src/engine/engine.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';
import { freePort } from './harness/ports.ts';

const MOMENTS = 30;
const AT_ONCE = 16;
const THOROUGH = Boolean(process.env.BARGE_TEST_EVERY_MOMENT);

const port = await freePort();
const daemon = await TestDaemon.start({ withoutBridge: true, flags: ['--host', `tcp://127.0.0.1:${port}`] });
after(() => daemon.end());
await daemon.makeBusybox();
await daemon.ok('barge', ['volume', 'create', 'filled']);

async function run(name: string, command: string, flags: readonly string[] = []): Promise<void> {
  await daemon.ok('barge', ['run', '-d', '-i', '--name', name, ...flags, 'busybox', 'sh', '-c', command]);
}

const TALK = 'while :; do echo line; sleep 0.02; done';
await run('talking', TALK);
await run('terminal', TALK, ['-t']);

/** One request: its path has the parameters filled in. */
interface Attempt {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

const json = (value: unknown) => JSON.stringify(value);

/** Bodies and queries with which a route does what takes longest; the rest are asked with `{}`. */
const SENT: Readonly<Record<string, { readonly query?: string; readonly body?: string }>> = {
  'POST /containers/{id...}/attach': { query: 'stream=1&stdin=1&stdout=1&stderr=1&logs=1' },
  'GET /containers/{id...}/attach/ws': { query: 'stream=1&stdin=1&stdout=1&logs=1' },
  'GET /containers/{id...}/logs': { query: 'stdout=1&stderr=1&follow=1' },
  'GET /containers/{id...}/archive': { query: 'path=/bin' },
  'HEAD /containers/{id...}/archive': { query: 'path=/bin' },
  'PUT /containers/{id...}/archive': { query: 'path=/tmp', body: 'x'.repeat(2048) },
  'POST /containers/{id...}/exec': { body: json({ Cmd: ['true'], AttachStdout: true }) },
  'POST /containers/create': { body: json({ Image: 'busybox', Cmd: ['true'] }) },
  'POST /containers/{id...}/kill': { query: 'signal=CONT' },
  'POST /containers/{id...}/resize': { query: 'h=10&w=10' },
  'POST /build': { query: 't=hung', body: 'x'.repeat(2048) },
  'POST /images/load': { body: 'x'.repeat(2048) },
  'POST /images/create': { query: 'fromImage=127.0.0.1:1/missing&tag=x' },
  'POST /commit': { query: 'container=talking&repo=hung' },
  'POST /barge/volumes/{name}/import': { body: 'x'.repeat(2048) },
  'POST /barge/sessions/{id}/compare': { body: '[]\n[]\n' },
};

/** What stands for the parameters; routes that remove something are asked for what is not there. */
function filled(method: string, pattern: string): string {
  const gone = method === 'DELETE' || /\/(prune|stop|restart|rename|pause)$/.test(pattern);
  const things: Readonly<Record<string, string>> = {
    containers: 'talking',
    images: 'busybox',
    volumes: 'filled',
    networks: 'none',
    distribution: '127.0.0.1:1/missing',
  };
  return pattern.replace(/\{[\w.]+\}/g, (_, at: number) => {
    const [kind = ''] = pattern.slice(0, at).split('/').filter(Boolean).slice(-1);
    return gone ? 'missing' : (things[kind] ?? 'missing');
  });
}

async function newExec(request: object): Promise<string> {
  (await connected('close')).socket.destroy(); /* there is room in the queue */
  return (await daemon.api('/containers/talking/exec', { method: 'POST', body: request })).json().Id;
}

async function attemptOf(method: string, pattern: string): Promise<Attempt> {
  const { query = '', body = '{}' } = SENT[`${method} ${pattern}`] ?? {};
  const path = `${filled(method, pattern)}${query ? `?${query}` : ''}`;
  if (pattern !== '/exec/{id}/start') return { method, path, body };
  const Cmd = ['sh', '-c', 'i=0; while [ $i -lt 20 ]; do i=$((i+1)); echo $i; done'];
  const id = await newExec({ Cmd, AttachStdin: true, AttachStdout: true, AttachStderr: true });
  return { method, path: `/exec/${id}/start`, body };
}

const WAYS = ['half-close', 'close', 'reset'] as const;
type Way = (typeof WAYS)[number];

const UPGRADES = ['', 'tcp', 'websocket'] as const;
type Upgrade = (typeof UPGRADES)[number];

function upgradeHeaders(upgrade: Upgrade): string[] {
  if (!upgrade) return [];
  const key =
    upgrade === 'websocket'
      ? ['Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Version: 13']
      : [];
  return ['Connection: Upgrade', `Upgrade: ${upgrade}`, ...key];
}

/** Waits while the daemon's queue is full of connections that nobody is at the other end of. */
async function connected(way: Way): Promise<{ readonly socket: Socket; readonly closed: Promise<void> }> {
  for (;;) {
    const socket = way === 'reset' ? createConnection(port, '127.0.0.1') : createConnection(daemon.socket);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const refused = await once(socket, 'connect').then(
      () => undefined,
      (error: Error) => error,
    );
    socket.on('error', () => {}); /* the daemon may be the first to go */
    if (!refused) return { socket, closed };
    if (errnoOf(refused) !== 'EAGAIN') throw refused;
    await sleep(5);
  }
}

/** Sends a request, its body only in part on every other moment, and goes after so many milliseconds. */
async function hangUp(attempt: Attempt, way: Way, upgrade: Upgrade, moment: number): Promise<void> {
  const { method, path, body } = attempt;
  const { socket, closed } = await connected(way);
  const type = body.startsWith('x') ? 'application/x-tar' : 'application/json';
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: barge', `Content-Type: ${type}`];
  const sent = moment % 2 === 0 ? body : body.slice(0, body.length / 2);
  lines.push(`Content-Length: ${body.length}`, ...upgradeHeaders(upgrade), '', sent);
  socket.write(lines.join('\r\n'));
  await Promise.race([sleep(moment), closed]);
  if (way === 'reset') socket.resetAndDestroy();
  else if (way === 'close') socket.destroy();
  else {
    socket.end();
    await Promise.race([sleep(10), closed]);
    socket.destroy();
  }
  await closed;
}

function* moments(): Generator<readonly [way: Way, upgrade: Upgrade, moment: number]> {
  for (let moment = 0; moment < MOMENTS; moment++) {
    const all = WAYS.flatMap((way) => UPGRADES.map((upgrade) => [way, upgrade] as const));
    const chosen = THOROUGH ? all : all.filter((_, i) => i % all.length === (moment * 2) % all.length);
    for (const [way, upgrade] of chosen) yield [way, upgrade, moment];
  }
}

/** Runs `work` for everything, so many at a time. */
async function crowd<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]();
  const one = async () => {
    for (let next = left.next(); !next.done; next = left.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

/** Registering routes takes parts of the engine and uses none of them, but for paths. */
const noEngine = new Proxy({}, { get: (_, name) => (/Root$/.test(String(name)) ? '/' : noEngine) }) as Engine;
const patterns = routesOf(noEngine).declared;

/** What the daemon has said since `from` that tells of a failure nobody met: a request may fail, but not by our fault. */
const unheard = (from: number) =>
  daemon.log
    .slice(from)
    .split('\n')
    .filter((line) => line && (!line.startsWith('{') || /"status":500|closed the connection/.test(line)));

/** Files that the daemon has open. What it opens lazily and keeps, such as a database's, is a few. */
function openFiles(): string[] {
  const directory = `/proc/${daemon.pid}/fd`;
  const target = (fd: string) => {
    try {
      return readlinkSync(`${directory}/${fd}`).replace(/\d+/g, 'N');
    } catch {
      return ''; /* closed meanwhile */
    }
  };
  return readdirSync(directory).map(target).sort();
}
const SPARE_FILES = 8;
const openBefore = openFiles();

describe('a client that goes', () => {
  assert.ok(patterns.length > 100);
  const subjects = [...new Set(patterns.map(({ pattern }) => pattern.split('/')[1] ?? ''))];
  for (const subject of subjects) {
    test(`from a request below /${subject} is no event of the daemon's`, async () => {
      const { pid } = daemon;
      const from = daemon.log.length;
      const routes = patterns.filter(({ pattern }) => pattern.split('/')[1] === subject);
      const attempts = routes.flatMap((route) => [...moments()].map((when) => ({ ...route, when })));
      await crowd(attempts, async ({ method, pattern, when: [way, upgrade, moment] }) => {
        await hangUp(await attemptOf(method, pattern), way, upgrade, moment);
      });
      const ping = () =>
        daemon.api('/_ping').catch((error) => errnoOf(error) !== 'EAGAIN' && Promise.reject(error));
      assert.equal((await eventually('the daemon answers', ping)).status, 200);
      assert.equal(daemon.pid, pid);
      assert.deepEqual(unheard(from), []);
    });
  }
});

describe('what a client left behind', () => {
  test('holds no file or connection open in the daemon', async () => {
    const few = () => openFiles().length <= openBefore.length + SPARE_FILES;
    await eventually('as few are open as before', few).catch(() => assert.deepEqual(openFiles(), openBefore));
  });

  for (const upgrade of UPGRADES.slice(0, 2)) {
    for (const moment of [0, 1, 2, 4, 8, 16]) {
      test(`an exec (Upgrade: ${upgrade || 'none'}) goes on after ${moment} ms, its output unread`, async () => {
        const file = `/tmp/done-${upgrade}-${moment}`;
        const Cmd = ['sh', '-c', `yes | head -c 3000000; touch ${file}`];
        const id = await newExec({ Cmd, AttachStdout: true, AttachStderr: true });
        const attempt = { method: 'POST', path: `/exec/${id}/start`, body: '{}' };
        await hangUp(attempt, 'close', upgrade, moment * 2); /* an even moment sends all of the body */
        await eventually('the session has ended or never began', async () => {
          const {
            Running: running,
            Pid: pid,
            ExitCode: code,
          } = (await daemon.api(`/exec/${id}/json`)).json();
          return !running && pid === 0 && (code === 0 || code === null);
        });
      });
    }
  }

  test('an attached reader does not hold its container back', async () => {
    await run('fast', 'read line; yes | head -c 3000000; echo end >/tmp/end; sleep 1000');
    const path = '/containers/fast/attach?stream=1&stdout=1&stdin=1';
    await crowd(moments(), ([way, upgrade, moment]) =>
      hangUp({ method: 'POST', path, body: '' }, way, upgrade === 'websocket' ? '' : upgrade, moment),
    );
    const { done } = daemon.startBarge(['attach', 'fast'], { input: 'go\n' });
    await eventually('the container has written all', async () => {
      const { code } = await daemon.barge(['exec', 'fast', 'cat', '/tmp/end']);
      return code === 0;
    });
    await daemon.ok('barge', ['rm', '-f', 'fast']);
    await done;
  });
});

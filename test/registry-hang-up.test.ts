/** Clients that give up, at any moment of any route and in any way: the registry goes on, and its log stays quiet. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { digestOf } from '../src/core/digest.ts';
import { imageManifest, pushBlob, putManifest, someBytes } from '../src/registry/testing/push.ts';
import { runRegistry } from '../src/registry/testing/registry-process.ts';
import { temporaryDirectory } from '../src/registry/testing/temporary-directory.ts';

const PROGRAM = resolve(import.meta.dirname, '../src/bin/barge-registry.ts');

/** A registry that logs everything from warnings on. */
async function start(args: readonly string[]) {
  const all = [PROGRAM, '--listen', '127.0.0.1:0', '--log-level', 'warn', ...args];
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] });
  const logged = text(child.stderr);
  const exited = once(child, 'exit');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const url = line.replace('barge-registry listening on ', '');
  const stop = async () => {
    child.kill('SIGTERM');
    const [code] = await exited;
    return { code: code as number | null, log: await logged };
  };
  return { url, child, stop, [Symbol.asyncDispose]: async () => void child.kill('SIGKILL') };
}

type Leave = (socket: Socket) => void;

const WAYS: Readonly<Record<string, Leave>> = {
  'half-closed': (socket) => socket.end(),
  closed: (socket) => socket.destroy(),
  reset: (socket) => socket.resetAndDestroy(),
};

/**
 * Sends the first `bytes` of a request and leaves after `delay` milliseconds; one who half-closes still takes what comes.
 * The delay only spreads the moments: no outcome depends on it.
 */
async function hangUp(port: number, request: Buffer, bytes: number, delay: number, leave: Leave) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  await once(socket, 'connect');
  socket.write(request.subarray(0, bytes));
  setTimeout(() => {
    leave(socket);
    /* A request that is half there keeps the connection until the registry loses patience. */
    setTimeout(() => socket.destroy(), 50);
  }, delay);
  socket.resume();
  await closed;
}

const DELAYS = [0, 1, 3, 7, 15, 30];

async function hangUpEverywhere(url: string, routes: readonly string[], authorization = ''): Promise<void> {
  const port = Number(new URL(url).port);
  for (const [index, route] of routes.entries()) {
    const [line = '', body = ''] = route.split('\n');
    const type = line.includes('manifests')
      ? 'application/vnd.oci.image.manifest.v1+json'
      : 'application/json';
    const length = body ? `Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n` : '';
    const head = `${line} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${authorization}${length}\r\n`;
    const request = Buffer.from(head + body);
    const cuts = [10, head.length - 3, head.length, head.length + (body.length >> 1), request.length];
    const work = Object.values(WAYS).flatMap((leave) =>
      [...new Set(cuts)].flatMap((cut) =>
        DELAYS.map((delay) => hangUp(port, request, cut, delay + (index % 3), leave)),
      ),
    );
    await Promise.all(work);
  }
}

async function assertQuiet(registry: Awaited<ReturnType<typeof start>>, child: ChildProcess): Promise<void> {
  assert.equal(child.exitCode, null, 'the registry runs');
  const response = await fetch(`${registry.url}/v2/`);
  await response.arrayBuffer();
  assert.ok([200, 401].includes(response.status));
  const { code, log } = await registry.stop();
  assert.deepEqual({ code, log }, { code: 0, log: '' });
}

test('at every route of content', { timeout: 240_000 }, async () => {
  await using directory = await temporaryDirectory();
  await using registry = await start(['--data-root', directory.path, '--drain-timeout', '100ms']);
  const app = `${registry.url}/v2/app`;
  const manifest = await imageManifest(app);
  await putManifest(app, 'v1', manifest);
  const large = await pushBlob(app, someBytes(8 << 20, 'large'));
  const upload = async () => {
    const started = await fetch(`${app}/blobs/uploads/`, { method: 'POST' });
    return started.headers.get('location') ?? '';
  };
  const body = 'x'.repeat(300_000);
  const none = `sha256:${'0'.repeat(64)}`;
  await hangUpEverywhere(registry.url, [
    'GET /v2/',
    'HEAD /v2/',
    'GET /v2/_catalog',
    'GET /v2/app/manifests/v1',
    'HEAD /v2/app/manifests/v1',
    `PUT /v2/app/manifests/v2\n${manifest}`,
    `PUT /v2/app/manifests/v2\n${body}`,
    `DELETE /v2/app/manifests/${none}`,
    `GET /v2/app/blobs/${large}`,
    `HEAD /v2/app/blobs/${large}`,
    `DELETE /v2/app/blobs/${none}`,
    'POST /v2/app/blobs/uploads/',
    `POST /v2/app/blobs/uploads/?digest=${digestOf(body)}\n${body}`,
    `POST /v2/app/blobs/uploads/?mount=${large}&from=app`,
    `GET ${await upload()}`,
    `PATCH ${await upload()}\n${body}`,
    `PUT ${await upload()}?digest=${digestOf(body)}\n${body}`,
    `DELETE ${await upload()}`,
    'GET /v2/app/tags/list',
    `GET /v2/app/referrers/${none}`,
    `POST /nothing\n${body}`,
  ]);
  await assertQuiet(registry, registry.child);
});

test('at every route with accounts', { timeout: 240_000 }, async () => {
  await using directory = await temporaryDirectory();
  const at = ['--data-root', directory.path];
  await runRegistry(['user', 'add', 'root', '--admin', ...at], 'secret\n');
  await using registry = await start([
    ...at,
    '--accounts',
    '--self-registration',
    '--drain-timeout',
    '100ms',
  ]);
  const authorization = `Authorization: Basic ${Buffer.from('root:secret').toString('base64')}\r\n`;
  const long = JSON.stringify({ name: 'x'.repeat(50_000) });
  const api = [
    'GET /openapi.json',
    'GET /me',
    `PUT /me/password\n{"current":"secret","password":"secret"}`,
    'GET /tokens',
    `POST /tokens\n{"role":"pull"}`,
    'DELETE /tokens/none',
    'GET /users',
    `POST /users\n${long}`,
    `PATCH /users/none\n{"admin":false}`,
    'DELETE /users/none',
    'GET /organisations',
    `POST /organisations\n${long}`,
    'DELETE /organisations/none',
    `PUT /organisations/none/members/none\n{"role":"pull"}`,
    'DELETE /organisations/none/members/none',
    'GET /quotas/root',
    `PUT /quotas/root\n{"bytes":null}`,
    'GET /namespaces',
    `PUT /namespaces/none\n{"owner":null}`,
    'GET /repositories',
    'GET /repositories/root%2Fapp',
    `PATCH /repositories/root%2Fapp\n{"public":true}`,
    `PUT /repositories/root%2Fapp/grants/none\n{"role":"pull"}`,
    'DELETE /repositories/root%2Fapp/grants/none',
    'GET /audit',
    `POST /register\n${long}`,
  ].map((route) => route.replace(' ', ' /api/v1'));
  const tokens = [
    'GET /token?scope=repository:root/app:pull',
    `POST /token\ngrant_type=password&username=root`,
  ];
  await hangUpEverywhere(registry.url, [...tokens, ...api], authorization);
  await assertQuiet(registry, registry.child);
});

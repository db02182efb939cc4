/** Archives into and out of containers, and attaching over a WebSocket, by bare requests. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { apiClient, errorOf } from './harness/api-client.ts';
import { type TarEntry, tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, remove, create, run, destroy, exec } = apiClient(daemon);

async function put(name: string, query: string, entries: readonly TarEntry[] | Buffer) {
  const body = Buffer.isBuffer(entries) ? entries : await tarOf(entries);
  return daemon.api(`/containers/${name}/archive?${query}`, {
    method: 'PUT',
    body,
    headers: { 'Content-Type': 'application/x-tar' },
  });
}

async function stat(name: string, path: string) {
  const { status, headers } = await daemon.api(`/containers/${name}/archive?path=${path}`, {
    method: 'HEAD',
  });
  if (status !== 200) return status;
  return JSON.parse(Buffer.from(String(headers['x-docker-container-path-stat']), 'base64').toString());
}

describe('archives', () => {
  test('go into containers that run and that do not, volumes included', async () => {
    await create('ar', {
      Cmd: ['sh', '-c', 'cat /data/in /plain; exec sleep 1000'],
      HostConfig: { Binds: ['ar:/data'] },
    });
    assert.equal((await put('ar', 'path=/data', [{ name: 'in', content: 'volume ' }])).status, 200);
    assert.equal(
      (await put('ar', 'path=/', gzipSync(await tarOf([{ name: 'plain', content: 'root' }])))).status,
      200,
    );
    assert.equal((await stat('ar', '/data/in')).size, 7);
    await post('/containers/ar/start');
    assert.equal(await exec('ar', ['cat', '/data/in', '/plain']), 'volume root');
    assert.equal((await put('ar', 'path=/data', [{ name: 'later', content: 'x' }])).status, 200);
    assert.equal(await exec('ar', ['cat', '/data/later']), 'x');
    const { text } = await get('/containers/ar/archive?path=/data/in');
    assert.match(text, /volume /);
    await destroy('ar');
    await remove('/volumes/ar');
  });

  test('what is read-only stays as it is', async () => {
    const mounts = { Binds: ['ro-v:/ro:ro', 'rw-v:/rw'], ReadonlyRootfs: true };
    await create('ro', { HostConfig: mounts });
    const file = [{ name: 'f', content: 'x' }];
    for (const state of ['created', 'running']) {
      assert.deepEqual(
        errorOf(await put('ro', 'path=/tmp', file)),
        [400, 'container rootfs is marked read-only'],
        state,
      );
      assert.deepEqual(
        errorOf(await put('ro', 'path=/ro', file)),
        [400, 'mounted volume is marked read-only'],
        state,
      );
      assert.equal((await put('ro', 'path=/rw', file)).status, 200, state);
      await post('/containers/ro/start');
    }
    await destroy('ro');
    for (const name of ['ro-v', 'rw-v']) await remove(`/volumes/${name}`);
  });

  test('kinds are kept when asked, and owners are the container’s user when asked', async () => {
    await run('kinds', { User: '1234:567' });
    const directory = [{ name: 'thing', type: 'directory' as const }];
    const file = [{ name: 'thing', content: 'x', uid: 42, gid: 43 }];
    await put('kinds', 'path=/tmp', directory);
    const refused = errorOf(await put('kinds', 'path=/tmp&noOverwriteDirNonDir=1', file));
    assert.equal(refused[0], 400);
    assert.match(refused[1], /cannot overwrite directory with non-directory/);
    assert.equal((await put('kinds', 'path=/tmp', file)).status, 200);
    assert.match(
      errorOf(await put('kinds', 'path=/tmp&noOverwriteDirNonDir=true', directory))[1],
      /cannot overwrite non-directory with directory/,
    );
    assert.equal(await exec('kinds', ['stat', '-c', '%u:%g', '/tmp/thing']), '42:43\n');
    await put('kinds', 'path=/tmp&copyUIDGID=1', file);
    assert.equal(await exec('kinds', ['stat', '-c', '%u:%g', '/tmp/thing']), '1234:567\n');
    await destroy('kinds');
  });

  test('symlinks lead nowhere outside of the container', async () => {
    await run('links');
    const links: TarEntry[] = [
      { name: 'etc-link', type: 'symlink', linkname: '/etc' },
      { name: 'up-link', type: 'symlink', linkname: '../../../../../../..' },
    ];
    await put('links', 'path=/tmp', links);
    assert.equal(
      (await put('links', 'path=/tmp/etc-link', [{ name: 'marker', content: 'inside' }])).status,
      200,
    );
    assert.equal(await exec('links', ['cat', '/etc/marker']), 'inside');
    assert.equal((await stat('links', '/tmp/up-link/etc/marker')).size, 6);
    assert.equal((await stat('links', '/tmp/etc-link')).linkTarget, '/etc');
    assert.equal(await stat('links', `/tmp/up-link${daemon.directory}`), 404);
    await destroy('links');
  });

  test('bad paths are told apart', async () => {
    await create('bad');
    assert.equal(errorOf(await get('/containers/bad/archive?path=/nowhere'))[0], 404);
    assert.equal(errorOf(await get('/containers/bad/archive'))[0], 400);
    assert.equal(errorOf(await put('bad', 'path=/etc/passwd', []))[0], 400);
    assert.equal(errorOf(await put('bad', 'path=/nowhere', []))[0], 404);
    assert.equal(errorOf(await put('bad', 'path=/tmp', Buffer.alloc(2048, 'garbage')))[0], 400);
    assert.equal(errorOf(await put('nobody', 'path=/', []))[0], 404);
    await destroy('bad');
  });
});

describe('attaching over a WebSocket', () => {
  const masked = (opcode: number, text: string) => {
    const mask = randomBytes(4);
    const payload = Buffer.from(text).map((byte, i) => byte ^ (mask[i & 3] ?? 0));
    return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length]), mask, payload]);
  };

  /** An opened WebSocket: what came in binary messages, and a way to send. */
  async function open(path: string) {
    const socket = connect(daemon.socket);
    const key = randomBytes(16).toString('base64');
    const headers = ['Host: d', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
    socket.write(`GET ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\nSec-WebSocket-Key: ${key}\r\n\r\n`);
    let all: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      all = Buffer.concat([all, chunk]);
    });
    await eventually('the headers', () => all.includes('\r\n\r\n'));
    const head = all.toString('latin1', 0, all.indexOf('\r\n\r\n') + 4);
    const frames = () => {
      const found: { opcode: number; text: string }[] = [];
      for (let at = head.length; at + 2 <= all.length; ) {
        const length = (all[at + 1] ?? 0) & 0x7f;
        found.push({ opcode: (all[at] ?? 0) & 0x0f, text: all.toString('utf8', at + 2, at + 2 + length) });
        at += 2 + length;
      }
      return found;
    };
    const text = () =>
      frames()
        .filter(({ opcode }) => opcode === 2)
        .map((f) => f.text)
        .join('');
    return { socket, head, frames, text };
  }

  test('input and output go as messages, a ping is answered, the end closes', async () => {
    await create('ws', { Cmd: ['sh', '-c', 'read line; echo got $line; echo err >&2'], OpenStdin: true });
    const { socket, head, frames, text } = await open(
      '/containers/ws/attach/ws?stream=1&stdin=1&stdout=1&stderr=1',
    );
    assert.match(head, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    assert.match(head, /Sec-WebSocket-Accept: /);
    await post('/containers/ws/start');
    const ended = once(socket, 'end');
    socket.write(masked(9, 'still there?'));
    await eventually('the pong', () => frames().some(({ opcode }) => opcode === 10));
    socket.write(masked(1, 'some'));
    socket.write(masked(2, 'thing\n'));
    await ended;
    assert.match(text(), /got something\n/);
    assert.match(text(), /err\n/);
    assert.equal(frames().at(-1)?.opcode, 8);
    await destroy('ws');
  });

  test('logs come first, and a client that breaks the rules is closed', async () => {
    await run('ws', { Cmd: ['sh', '-c', 'echo before; exec sleep 1000'] });
    await eventually('output', async () =>
      (await get('/containers/ws/logs?stdout=1')).text.includes('before'),
    );
    const { socket, frames, text } = await open('/containers/ws/attach/ws?logs=1&stream=1&stdout=1&stdin=1');
    await eventually('the log', () => text() === 'before\n');
    const ended = once(socket, 'end');
    socket.write(Buffer.from([0x81, 0x01, 0x41]));
    await ended;
    assert.equal(frames().at(-1)?.opcode, 8);
    await destroy('ws');
  });

  test('a request that is no handshake is refused', async () => {
    await create('ws');
    assert.equal(errorOf(await get('/containers/ws/attach/ws?stream=1'))[0], 400);
    assert.equal(errorOf(await get('/containers/nobody/attach/ws'))[0], 404);
    await destroy('ws');
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isKind } from '../../core/errors.ts';
import { Demultiplexer } from './demux.ts';
import { resolveEndpoint } from './endpoint.ts';
import { EngineClient, formatQuery } from './engine.ts';
import { EngineError } from './engine-error.ts';
import { jsonLines } from './json-lines.ts';

/** A server that sends bytes on each connection after the request's head. */
async function rawServer(response: (socket: Socket, request: string) => void) {
  const directory = await mkdtemp(join(tmpdir(), 'barge-raw-'));
  const path = join(directory, 'sock');
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let request = '';
    const onData = (chunk: Buffer) => {
      request += chunk.toString('latin1');
      if (!request.includes('\r\n\r\n')) return;
      socket.off('data', onData);
      response(socket, request);
    };
    socket.on('data', onData);
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    engine: new EngineClient({ kind: 'unix', url: `unix://${path}`, path }),
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await rm(directory, { recursive: true });
    },
  };
}

const slowly = async (socket: Socket, text: string) => {
  for (const byte of text) {
    socket.write(byte);
    await new Promise((done) => setImmediate(done));
  }
  socket.end();
};

test('a body of known length is read byte by byte', async () => {
  await using server = await rawServer((socket) =>
    slowly(socket, 'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"a":[1,2]}'),
  );
  assert.deepEqual(await server.engine.get('/x'), { a: [1, 2] });
});

test('a chunked body is joined, without extensions and trailers', async () => {
  const chunked = '4;x=y\r\n{"a"\r\n3\r\n:1}\r\n0\r\nTrailer: z\r\n\r\n';
  await using server = await rawServer((socket) =>
    slowly(socket, `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`),
  );
  assert.deepEqual(await server.engine.get('/x'), { a: 1 });
});

test('a body without length ends with the connection, and informational responses are skipped', async () => {
  await using server = await rawServer((socket) => {
    socket.end(
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n[1]',
    );
  });
  assert.deepEqual(await server.engine.get('/x'), [1]);
});

test('204 and 304 have no body and count as success', async () => {
  await using server = await rawServer((socket, request) => {
    socket.write(
      request.includes('/a') ? 'HTTP/1.1 204 No Content\r\n\r\n' : 'HTTP/1.1 304 Not Modified\r\n\r\n',
    );
  });
  assert.equal(await server.engine.call('POST', '/a'), 204);
  assert.equal(await server.engine.call('POST', '/b'), 304);
});

test('the request carries version, query, length and JSON', async () => {
  const seen = Promise.withResolvers<string>();
  await using server = await rawServer((socket, request) => {
    seen.resolve(request);
    socket.end('HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}');
  });
  await server.engine.post('/c', { query: { all: true, no: false, t: ['a b', 'c'] }, json: { A: 'ü' } });
  const [head = ''] = (await seen.promise).split('\r\n\r\n');
  assert.match(head, /^POST \/v1\.56\/c\?all=1&t=a%20b&t=c HTTP\/1\.1\r\n/);
  assert.match(head, /\r\nContent-Length: 10\b/);
  assert.match(head, /\r\nContent-Type: application\/json/);
});

test('a hijacked connection carries raw bytes in both directions, starting right after the head', async () => {
  await using server = await rawServer((socket) => {
    socket.write('HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nearly ');
    socket.on('data', (chunk) => socket.write(chunk.toString().toUpperCase()));
    socket.on('end', () => socket.end('!'));
  });
  const { body, socket } = await server.engine.hijack('/attach');
  socket.end('late');
  assert.equal(await body.text(), 'early LATE!');
});

test('an older daemon accepts a hijack with 200', async () => {
  await using server = await rawServer((socket) => {
    socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nraw');
  });
  assert.equal(await (await server.engine.hijack('/attach')).body.text(), 'raw');
});

test('a truncated response is a failure, not a shorter response', async () => {
  const cut = [
    'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1',
    'HTTP/1.1 20',
    '',
  ];
  for (const response of cut) {
    await using server = await rawServer((socket) => socket.end(response));
    await assert.rejects(server.engine.get('/x'), (error) => isKind(error, 'data-loss'), response);
  }
});

test('a non-HTTP response is rejected', async () => {
  await using server = await rawServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n\r\n'));
  await assert.rejects(server.engine.get('/x'), /not HTTP/);
});

test("a daemon's error has its status, message and exit code", async () => {
  await using server = await rawServer((socket) => {
    const body = '{"message":"no such thing","exitCode":127}';
    socket.end(`HTTP/1.1 404 Not Found\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  });
  await assert.rejects(server.engine.get('/x'), (error) => {
    assert.ok(error instanceof EngineError && error.kind === 'not-found');
    assert.deepEqual([error.message, error.exitCode], ['Error response from daemon: no such thing', 127]);
    return true;
  });
});

test('a request is repeated in the lower API version that a daemon names', async () => {
  const targets: string[] = [];
  await using server = await rawServer((socket, request) => {
    targets.push(request.split(' ')[1] ?? '');
    const old = targets.length === 1;
    const head = old ? 'HTTP/1.1 400 Bad Request' : 'HTTP/1.1 200 OK';
    const body = old ? '{"message":"client version 1.56 is too new"}' : '[]';
    socket.end(`${head}\r\nApi-Version: 1.41\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  });
  await server.engine.get('/containers/json');
  assert.deepEqual(targets, ['/v1.56/containers/json', '/v1.41/containers/json']);
});

test("a rejected upload fails with the daemon's message, not with a broken pipe", async () => {
  await using server = await rawServer((socket, request) => {
    if (request.startsWith('GET /_ping'))
      return void socket.end('HTTP/1.1 200 OK\r\nApi-Version: 1.56\r\n\r\n');
    const body = '{"message":"too large"}';
    socket.end(`HTTP/1.1 400 Bad Request\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    socket.resume();
    return undefined;
  });
  async function* endless() {
    for (let count = 0; count < 2000; count++) yield Buffer.alloc(64 * 1024);
  }
  await assert.rejects(server.engine.request('POST', '/build', { stream: endless() }), /too large/);
});

test('a missing daemon is reported with its address', async () => {
  const engine = new EngineClient(resolveEndpoint({ host: 'unix:///nope/x.sock' }, {}));
  await assert.rejects(engine.get('/x'), {
    message: 'Cannot connect to the Barge daemon at unix:///nope/x.sock. Is barged running?',
  });
});

test('the address comes from the flag, BARGE_HOST, DOCKER_HOST or the default, in this order', () => {
  const env = { BARGE_HOST: 'unix:///b', DOCKER_HOST: 'unix:///d' };
  assert.equal(resolveEndpoint({ host: 'unix:///f' }, env).url, 'unix:///f');
  assert.equal(resolveEndpoint({}, env).url, 'unix:///b');
  assert.equal(resolveEndpoint({}, { DOCKER_HOST: 'unix:///d' }).url, 'unix:///d');
  assert.equal(resolveEndpoint({}, {}).url, 'unix:///run/barge.sock');
  assert.deepEqual(resolveEndpoint({ host: 'tcp://[::1]:99' }, {}), {
    kind: 'tcp',
    url: 'tcp://[::1]:99',
    hostname: '::1',
    port: 99,
  });
  assert.throws(() => resolveEndpoint({ host: 'ftp://x' }, {}), /unable to parse docker host/);
  assert.throws(
    () => resolveEndpoint({ host: 'tcp://x', tlsVerify: true, tlsCaCert: '/nope' }, {}),
    /TLS file \/nope/,
  );
});

test('frames are parsed wherever the bytes are split', () => {
  const frames = Buffer.from(
    '\x01\0\0\0\0\0\0\x03abc\x02\0\0\0\0\0\0\x02xy\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\x01d',
    'latin1',
  );
  for (let size = 1; size <= frames.length; size++) {
    let [out, err] = ['', ''];
    const demultiplexer = new Demultiplexer({
      stdout: (chunk) => {
        out += chunk;
      },
      stderr: (chunk) => {
        err += chunk;
      },
    });
    for (let at = 0; at < frames.length; at += size) demultiplexer.push(frames.subarray(at, at + size));
    assert.deepEqual([out, err], ['abcd', 'xy']);
  }
});

test('JSON lines may have split characters and an unterminated last line', async () => {
  const bytes = Buffer.from('{"a":"ü"}\n\n{"b":2}');
  async function* oneByOne() {
    for (const byte of bytes) yield Uint8Array.of(byte);
  }
  const values: unknown[] = [];
  for await (const value of jsonLines(oneByOne())) values.push(value);
  assert.deepEqual(values, [{ a: 'ü' }, { b: 2 }]);
});

test('an empty query is omitted', () => {
  assert.equal(formatQuery({ a: undefined, b: false, c: [] }), '');
});

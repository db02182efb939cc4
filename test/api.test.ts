/** The Engine API as bare requests see it: headers, versions, errors, filters, streams. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { type Answer, openApi } from './harness/api.ts';
import { tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';
import { complaintsAbout, withoutReference } from './harness/schema.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();

const get = (path: string) => daemon.api(path);
const post = (path: string, body?: unknown) => daemon.api(path, { method: 'POST', body });
const remove = (path: string) => daemon.api(path, { method: 'DELETE' });

/** The status and message of an error answer, whose body holds nothing else. */
function errorOf(answer: Answer): [number, string] {
  assert.deepEqual(Object.keys(answer.json()), ['message']);
  assert.match(String(answer.headers['content-type']), /^application\/json/);
  return [answer.status, answer.json().message];
}

async function create(name: string, body: object = {}): Promise<string> {
  const answer = await post(`/containers/create?name=${name}`, {
    Image: 'busybox',
    Cmd: ['sleep', '1000'],
    ...body,
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.json().Id;
}

async function run(name: string, body: object = {}): Promise<string> {
  const id = await create(name, body);
  assert.equal((await post(`/containers/${name}/start`)).status, 204);
  return id;
}

const destroy = async (name: string) =>
  assert.equal((await remove(`/containers/${name}?force=1`)).status, 204);

const filtered = (filters: object) =>
  `/containers/json?all=1&filters=${encodeURIComponent(JSON.stringify(filters))}`;
const namesIn = async (path: string): Promise<string[]> =>
  ((await get(path)).json() as { Names: string[] }[]).map(({ Names }) => Names[0]?.slice(1) ?? '').sort();

describe('versions', () => {
  test('_ping tells versions and kind in its headers, with and without a body', async () => {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers, text } = await daemon.api('/_ping', { method });
      assert.equal(status, 200);
      assert.equal(text, method === 'GET' ? 'OK' : '');
      assert.equal(headers['api-version'], '1.55');
      assert.equal(headers.ostype, 'linux');
      assert.match(String(headers['cache-control']), /no-cache/);
      assert.equal(headers['docker-experimental'], 'false');
      assert.match(String(headers.server), /^Barge\//);
    }
  });

  test('paths with versions from 1.24 to 1.55 work, and others are told what would', async () => {
    for (const version of ['1.24', '1.41', '1.55'])
      assert.equal((await get(`/v${version}/version`)).status, 200);
    assert.deepEqual(errorOf(await get('/v1.23/version')), [
      400,
      'client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
    ]);
    assert.deepEqual(errorOf(await get('/v1.56/version')), [
      400,
      'client version 1.56 is too new. Maximum supported API version is 1.55',
    ]);
  });

  test('clients before 1.52 find the address outside of Networks too', async () => {
    await run('old');
    const { NetworkSettings: before } = (await get('/v1.51/containers/old/json')).json();
    const { NetworkSettings: now } = (await get('/v1.55/containers/old/json')).json();
    assert.equal(before.IPAddress, before.Networks.bridge.IPAddress);
    assert.match(before.IPAddress, /^10\./);
    assert.equal('IPAddress' in now, false);
    await destroy('old');
  });
});

describe('errors', () => {
  test('unknown pages and things are 404 with a message', async () => {
    assert.deepEqual(errorOf(await get('/nonsense')), [404, 'page not found: GET /nonsense']);
    assert.deepEqual(errorOf(await get('/containers/nobody/json')), [404, 'No such container: nobody']);
    assert.deepEqual(errorOf(await get('/images/nothing/json')), [404, 'No such image: nothing:latest']);
    assert.deepEqual(errorOf(await get('/exec/none/json')), [404, 'No such exec instance: none']);
    assert.equal(errorOf(await get('/volumes/none'))[0], 404);
    assert.equal(errorOf(await get('/networks/nowhere'))[0], 404);
    assert.equal(errorOf(await post('/containers/create', { Image: 'nothing' }))[0], 404);
  });

  test('bodies and parameters that make no sense are 400', async () => {
    const json = { 'Content-Type': 'application/json' };
    const broken = await daemon.api('/containers/create', {
      method: 'POST',
      body: '{"Image": ',
      headers: json,
    });
    assert.equal(errorOf(broken)[0], 400);
    for (const body of ['[]', '7', '"text"', 'null']) {
      const answer = await daemon.api('/containers/create', { method: 'POST', body, headers: json });
      assert.equal(errorOf(answer)[0], 400, `${body}: ${answer.text}`);
    }
    assert.equal(errorOf(await post('/containers/create?name=b%20ad', { Image: 'busybox' }))[0], 400);
    assert.equal(errorOf(await get('/containers/json?limit=many'))[0], 400);
    assert.equal(errorOf(await get('/containers/json?filters=nonsense'))[0], 400);
    assert.match(errorOf(await get(filtered({ colour: ['red'] })))[1], /invalid filter 'colour'/);
    await create('plain');
    assert.equal(errorOf(await post('/containers/plain/wait?condition=sometime'))[0], 400);
    assert.equal(errorOf(await post('/containers/plain/kill?signal=NONSENSE'))[0], 400);
    await destroy('plain');
  });

  test('wrong types inside of a body are no accident of the daemon', async () => {
    const bodies = [
      { Cmd: 7 },
      { Env: 'A=b' },
      { Env: [7] },
      { HostConfig: [] },
      { HostConfig: { Binds: 'x' } },
      { Labels: ['a'] },
      { ExposedPorts: 'x' },
      { HostConfig: { PortBindings: { '80/tcp': 'x' } } },
      { HostConfig: { Memory: 'lots' } },
    ];
    for (const body of bodies) {
      const answer = await post('/containers/create', { Image: 'busybox', ...body });
      if (answer.status === 201) await destroy(answer.json().Id);
      assert(answer.status < 500, `${JSON.stringify(body)}: ${answer.status} ${answer.text}`);
      assert.doesNotMatch(
        answer.text,
        /is not a function|is not iterable|Cannot read|undefined/,
        JSON.stringify(body),
      );
    }
  });

  test('what is so already is 304, what cannot be is 409', async () => {
    await run('busy');
    assert.equal((await post('/containers/busy/start')).status, 304);
    assert.equal(errorOf(await remove('/containers/busy'))[0], 409);
    assert.equal(errorOf(await post('/containers/create?name=busy', { Image: 'busybox' }))[0], 409);
    assert.equal(errorOf(await post('/containers/busy/unpause'))[0], 409);
    assert.equal((await post('/containers/busy/pause')).status, 204);
    assert.equal(errorOf(await post('/containers/busy/exec', { Cmd: ['true'] }))[0], 409);
    assert.equal((await post('/containers/busy/unpause')).status, 204);
    assert.equal((await post('/containers/busy/stop?t=0')).status, 204);
    assert.equal((await post('/containers/busy/stop?t=0')).status, 304);
    assert.match(errorOf(await post('/containers/busy/kill'))[1], /is not running/);
    assert.equal((await post('/containers/busy/kill')).status, 409);
    assert.equal(errorOf(await post('/containers/busy/exec', { Cmd: ['true'] }))[0], 409);
    await destroy('busy');
  });
});

describe('lists of containers', () => {
  test('filters choose by name, label, status, exit code, image, age, volume and port', async () => {
    const old = await create('f-old', { Labels: { kind: 'a', only: '' } });
    await run('f-up', {
      Labels: { kind: 'a' },
      HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '' }] }, Binds: ['f-volume:/v'] },
    });
    const { Ports } = (await get('/containers/f-up/json')).json().NetworkSettings;
    const [{ HostPort }] = Ports['80/tcp'];
    await run('f-done', { Cmd: ['sh', '-c', 'exit 3'], Labels: { kind: 'b' } });
    await post('/containers/f-done/wait');
    const cases: [object, string[]][] = [
      [{ name: ['f-'] }, ['f-done', 'f-old', 'f-up']],
      [{ name: ['f-o', 'f-u'] }, ['f-old', 'f-up']],
      [{ id: [old.slice(0, 12)] }, ['f-old']],
      [{ label: ['kind=a'] }, ['f-old', 'f-up']],
      [{ label: ['kind=a', 'only'] }, ['f-old']],
      [{ label: { 'kind=b': true } }, ['f-done']],
      [{ status: ['running'] }, ['f-up']],
      [{ status: ['created', 'exited'] }, ['f-done', 'f-old']],
      [{ exited: ['3'] }, ['f-done']],
      [{ ancestor: ['busybox'], status: ['created'] }, ['f-old']],
      [{ ancestor: ['nothing'] }, []],
      [{ since: ['f-old'] }, ['f-done', 'f-up']],
      [{ before: ['f-up'] }, ['f-old']],
      [{ volume: ['f-volume'] }, ['f-up']],
      [{ volume: ['/v'] }, ['f-up']],
      [{ expose: ['80'] }, ['f-up']],
      [{ publish: ['80'] }, []],
      [{ publish: [String(HostPort)] }, ['f-up']],
      [{ network: ['bridge'], name: ['up'] }, ['f-up']],
    ];
    for (const [filters, expected] of cases) {
      assert.deepEqual(await namesIn(filtered(filters)), expected, JSON.stringify(filters));
    }
    assert.deepEqual(await namesIn('/containers/json'), ['f-up']);
    assert.equal((await namesIn('/containers/json?limit=2')).length, 2);
    for (const name of ['f-old', 'f-up', 'f-done']) await destroy(name);
    await remove('/volumes/f-volume');
  });
});

describe('waiting', () => {
  test('without a condition the last exit counts; next-exit and removed wait for theirs', async () => {
    await create('waits', { Cmd: ['sh', '-c', 'exit 6'] });
    assert.equal((await post('/containers/waits/wait')).json().StatusCode, 0);
    const next = openApi(daemon.socket, {
      method: 'POST',
      path: '/containers/waits/wait?condition=next-exit',
    });
    const removed = openApi(daemon.socket, {
      method: 'POST',
      path: '/containers/waits/wait?condition=removed',
    });
    const answers = await Promise.all([next, removed]);
    await post('/containers/waits/start');
    assert.deepEqual(JSON.parse(await bodyOf(answers[0]!)), { StatusCode: 6 });
    assert.equal((await post('/containers/waits/wait')).json().StatusCode, 6);
    await destroy('waits');
    assert.deepEqual(JSON.parse(await bodyOf(answers[1]!)), { StatusCode: 6 });
  });
});

async function bodyOf(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

describe('attaching', () => {
  /** A connection that has been upgraded, and what came with it. */
  async function upgrade(path: string): Promise<{ socket: Socket; head: string; received: () => Buffer }> {
    const socket = connect(daemon.socket);
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n`,
    );
    let all: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      all = Buffer.concat([all, chunk]);
    });
    await eventually('the headers', () => all.includes('\r\n\r\n'));
    const end = all.indexOf('\r\n\r\n') + 4;
    return { socket, head: all.toString('latin1', 0, end), received: () => all.subarray(end) };
  }

  test('who attaches before the start misses nothing, in frames', async () => {
    await create('att', { Cmd: ['sh', '-c', 'echo out; echo err >&2'] });
    const { socket, head, received } = await upgrade('/containers/att/attach?stream=1&stdout=1&stderr=1');
    assert.match(head, /^HTTP\/1\.1 101 UPGRADED\r\n/);
    assert.match(head, /Content-Type: application\/vnd\.docker\.multiplexed-stream\r\n/i);
    const ended = once(socket, 'end');
    await post('/containers/att/start');
    await ended;
    const frame = (stream: number, text: string) =>
      Buffer.from([stream, 0, 0, 0, 0, 0, 0, text.length, ...Buffer.from(text)]);
    const frames = [frame(1, 'out\n'), frame(2, 'err\n')].map(String);
    assert([frames.join(''), frames.reverse().join('')].includes(String(received())), String(received()));
    await destroy('att');
  });

  test('input goes in, its end ends the process, and a terminal has no frames', async () => {
    await create('cat', { Cmd: ['cat'], OpenStdin: true, StdinOnce: true, AttachStdin: true });
    const pipe = await upgrade('/containers/cat/attach?stream=1&stdin=1&stdout=1');
    await post('/containers/cat/start');
    const ended = once(pipe.socket, 'end');
    pipe.socket.end('through');
    await ended;
    assert.equal(String(pipe.received().subarray(8)), 'through');
    await destroy('cat');
    await create('tty', { Cmd: ['sh', '-c', 'read x; echo got $x'], OpenStdin: true, Tty: true });
    const terminal = await upgrade('/containers/tty/attach?stream=1&stdin=1&stdout=1');
    assert.match(terminal.head, /application\/vnd\.docker\.raw-stream/i);
    await post('/containers/tty/start');
    const over = once(terminal.socket, 'end');
    terminal.socket.write('it\n');
    await over;
    assert.match(String(terminal.received()), /it\r\ngot it\r\n$/);
    await destroy('tty');
  });
});

describe('events', () => {
  test('since, until and filters choose from the past', async () => {
    const since = Date.now() / 1000;
    await run('ev-a', { Cmd: ['true'], Labels: { group: 'one' } });
    await post('/containers/ev-a/wait');
    await create('ev-b');
    await Promise.all([destroy('ev-a'), destroy('ev-b')]);
    const until = Date.now() / 1000;
    const events = async (filters: object, from = since, to = until) => {
      const query = `since=${from.toFixed(9)}&until=${to.toFixed(9)}&filters=${encodeURIComponent(JSON.stringify(filters))}`;
      const lines = (await get(`/events?${query}`)).text.split('\n').filter(Boolean);
      return lines
        .map((line) => JSON.parse(line))
        .map(({ Action, Actor }) => `${Action} ${Actor.Attributes.name}`);
    };
    assert.deepEqual(await events({ container: ['ev-a'] }), [
      'create ev-a',
      'start ev-a',
      'die ev-a',
      'destroy ev-a',
    ]);
    assert.deepEqual(await events({ event: ['create'], type: ['container'] }), [
      'create ev-a',
      'create ev-b',
    ]);
    assert.deepEqual(await events({ label: ['group=one'], event: ['die'] }), ['die ev-a']);
    assert.deepEqual(await events({ type: ['volume'] }), []);
    assert.deepEqual(await events({ container: ['ev-a'] }, until), []);
  });

  test('an event has the fields that clients read', async () => {
    const now = () => (Date.now() / 1000).toFixed(9);
    const since = now();
    const id = await create('ev-c');
    await destroy('ev-c');
    const [line = ''] = (await get(`/events?since=${since}&until=${now()}`)).text.split('\n');
    const event = JSON.parse(line);
    assert.equal(event.Type, 'container');
    assert.equal(event.Action, 'create');
    assert.equal('status' in event, false);
    assert.equal(event.Actor.ID, id);
    assert.equal(event.Actor.Attributes.image, 'busybox');
    assert.equal(event.scope, 'local');
    assert.equal(event.time, Math.floor(event.timeNano / 1e9));
    const [older = ''] = (await get(`/v1.51/events?since=${since}&until=${now()}`)).text.split('\n');
    const { status, from, ...rest } = JSON.parse(older);
    assert.deepEqual([status, rest.id, from], ['create', id, 'busybox']);
  });
});

describe('builds', () => {
  const build = async (files: Record<string, string>, query = ''): Promise<Answer> => {
    const body = await tarOf(Object.entries(files).map(([name, content]) => ({ name, content })));
    return daemon.api(`/build?${query}`, {
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/x-tar' },
    });
  };
  const linesOf = (answer: Answer) =>
    answer.text
      .split('\r\n')
      .filter(Boolean)
      .map(
        (line) =>
          JSON.parse(line) as {
            stream?: string;
            error?: string;
            errorDetail?: { message: string; code?: number };
            aux?: { ID: string };
          },
      );

  test('the stream has the steps and the image’s id', async () => {
    const lines = linesOf(await build({ Dockerfile: 'FROM busybox\nRUN echo said\n' }, 't=api-built'));
    const text = lines.map(({ stream }) => stream ?? '').join('');
    assert.match(text, /Step 1\/2 : FROM busybox\n/);
    assert.match(text, /said\n/);
    assert.match(lines.find(({ aux }) => aux)?.aux?.ID ?? '', /^sha256:[0-9a-f]{64}$/);
    assert.match(text, /Successfully tagged api-built:latest\n$/);
    assert.equal((await remove('/images/api-built')).status, 200);
  });

  test('a RUN that fails ends the stream with its code', async () => {
    const lines = linesOf(await build({ Dockerfile: 'FROM busybox\nRUN exit 9\n' }));
    assert.equal(lines.at(-1)?.errorDetail?.code, 9);
    assert.match(lines.at(-1)?.error ?? '', /returned a non-zero code: 9/);
  });

  test('contexts without a Dockerfile, with a broken one, or that are no tar, are errors with a message', async () => {
    const messageOf = (answer: Answer) =>
      (answer.status === 200 ? linesOf(answer).at(-1)?.error : answer.json().message) ?? '';
    assert.match(messageOf(await build({ other: '' })), /Dockerfile/);
    assert.match(messageOf(await build({ Dockerfile: 'FORM busybox\n' })), /FORM/);
    assert.match(messageOf(await build({ Dockerfile: '' })), /no instructions/);
    assert.match(
      messageOf(await build({ Dockerfile: 'FROM busybox\n' }, 'dockerfile=../../etc/passwd')),
      /etc\/passwd|\.\./,
    );
    const garbage = await daemon.api('/build', { method: 'POST', body: Buffer.alloc(5000, 'x') });
    assert.doesNotMatch(messageOf(garbage), /^$|is not a function/);
    assert.equal(errorOf(await build({ Dockerfile: 'FROM busybox\n' }, 'buildargs=nonsense'))[0], 400);
  });
});

test('a client that leaves in the middle of anything does not disturb the others', async () => {
  await run('talk', { Cmd: ['sh', '-c', 'while :; do echo x; done'] });
  const leave = async (path: string, method = 'GET') => {
    const response = await openApi(daemon.socket, { method, path });
    await once(response, 'readable');
    response.destroy();
  };
  await Promise.all([
    leave('/containers/talk/logs?follow=1&stdout=1'),
    leave('/containers/talk/attach?stream=1&stdout=1', 'POST'),
    leave('/events?since=1'),
  ]);
  const half = connect(daemon.socket);
  half.write('POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 1000\r\n\r\n{"Image"');
  await once(half, 'connect');
  half.destroy();
  assert.equal((await get('/containers/talk/json')).json().State.Running, true);
  await destroy('talk');
});

test('answers are held against the API’s description', { skip: withoutReference }, () => {
  const answer = { method: 'GET', path: '/v1.55/_ping', status: 299, contentType: 'text/plain', body: 'OK' };
  assert.notDeepEqual(complaintsAbout(answer), [], 'a status that the description does not have');
  assert.deepEqual(complaintsAbout({ ...answer, status: 200 }), []);
});

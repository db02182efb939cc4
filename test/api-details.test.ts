/** Details by which programs written for docker would notice another daemon. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { connect } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { after, test } from 'node:test';
import { openApi } from './harness/api.ts';
import { apiClient, errorOf } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, create, run, destroy, exec } = apiClient(daemon);

/** For paths that docker has, and its description does not. */
async function unjudged(path: string): Promise<{ status: number | undefined; json: { Id?: string } }> {
  const response = await openApi(daemon.socket, { path });
  return { status: response.statusCode, json: JSON.parse((await response.toArray()).join('')) };
}

const inspect = async (name: string) => (await get(`/containers/${name}/json`)).json();

test('a body that is declared as something else than JSON, or goes on after it, is refused first of all', async () => {
  const paths = [
    '/containers/create',
    '/containers/none/exec',
    '/exec/none/start',
    '/containers/none/update',
  ];
  for (const path of [...paths, '/commit', '/volumes/create', '/networks/create', '/auth']) {
    const send = (body: string, type: string) =>
      daemon.api(path, { method: 'POST', body, headers: { 'Content-Type': type } });
    assert.deepEqual(errorOf(await send('{}', 'text/plain')), [
      400,
      "unsupported Content-Type header (text/plain): must be 'application/json'",
    ]);
    const extra = errorOf(await send('{} more', 'application/json; charset=utf-8'));
    assert.deepEqual(extra, [400, 'unexpected content after JSON'], path);
    assert.match(errorOf(await send('{nonsense', 'application/json'))[1], /^invalid JSON: /);
  }
});

/** What the tar that answers a request has in it. */
async function namesIn(path: string): Promise<string[]> {
  const file = daemon.path('names.tar');
  await pipeline(await openApi(daemon.socket, { path }), createWriteStream(file));
  return spawnSync('tar', ['-tPf', file], { encoding: 'utf8' }).stdout.trim().split('\n');
}

test('names in archives follow the path that was asked for', async () => {
  await run('names', {
    Cmd: [
      'sh',
      '-c',
      'mkdir -p /d/sub; echo a >/d/sub/f; ln -s sub /d/link; ln -s / /d/root; exec sleep 1000',
    ],
  });
  await exec('names', ['sh', '-c', 'until [ -L /d/root ]; do sleep 0.05; done']);
  const namesOf = (path: string) => namesIn(`/containers/names/archive?path=${path}`);
  assert.deepEqual(await namesOf('/d/sub'), ['sub/', 'sub/f']);
  assert.deepEqual(await namesOf('d/sub/'), ['sub/', 'sub/f']);
  assert.deepEqual(await namesOf('/d/sub/.'), ['./', './f']);
  assert.deepEqual(await namesOf('/d/link'), ['link']);
  assert.deepEqual(await namesOf('/d/link/'), ['link/', 'link/f']);
  assert.deepEqual(await namesOf('/d/link/.'), ['./', './f']);
  assert.deepEqual(await namesOf('/d/root'), ['root']);
  for (const [path, prefix] of [
    ['/', '/'],
    ['/.', './'],
    ['.', './'],
    ['/d/root/.', './'],
    ['/d/root/', 'root/'],
  ] as const) {
    const names = await namesOf(path);
    assert.equal(names[0], prefix, path);
    assert.ok(names.includes(`${prefix}d/sub/f`), path);
    assert.deepEqual(
      names.filter((name) => /^[^/]*\/(proc|sys|dev)\/./.test(name)),
      [],
      path,
    );
  }
  const [status, message] = errorOf(await get('/containers/names/archive?path=/d/sub/f/'));
  assert.equal(status, 400);
  assert.match(message, /not a directory/);
  await destroy('names');
});

test('an export of a container that runs has its own files, and none of what is mounted in it', async () => {
  await run('whole', {
    Cmd: ['sh', '-c', 'echo x >/mine; echo y >/vol/other; exec sleep 1000'],
    Volumes: { '/vol': {} },
  });
  await exec('whole', ['sh', '-c', 'until [ -f /vol/other ]; do sleep 0.05; done']);
  const list = await namesIn('/containers/whole/export');
  assert.ok(list.includes('mine') && list.includes('vol/'));
  assert.deepEqual(
    list.filter((name) => /^(vol|proc|sys)\/./.test(name)),
    [],
  );
  await destroy('whole');
});

test('frames are what the start of an exec asks for', async () => {
  await run('framed');
  const begin = async (tty: boolean, start: object) => {
    const body = { Cmd: ['printf', 'words'], AttachStdout: true, Tty: tty };
    const { Id } = (await post('/containers/framed/exec', body)).json();
    return (await post(`/exec/${Id}/start`, start)).text;
  };
  const frame = `\x01${'\0'.repeat(6)}\x05words`;
  assert.equal(await begin(false, {}), frame);
  assert.equal(await begin(true, {}), frame);
  assert.equal(await begin(true, { Tty: true }), 'words');
  assert.equal(await begin(false, { Tty: true }), 'words');
  await destroy('framed');
});

test('the headers of an exec come by themselves: clients lose what comes with them', async () => {
  await run('alone');
  const { Id } = (
    await post('/containers/alone/exec', { Cmd: ['echo', 'words'], AttachStdout: true })
  ).json();
  const connection = connect(daemon.socket);
  const body = '{}';
  const headers = ['Host: d', 'Connection: Upgrade', 'Upgrade: tcp', 'Content-Type: application/json'];
  connection.write(
    `POST /exec/${Id}/start HTTP/1.1\r\n${headers.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const [first] = (await once(connection, 'data')) as [Buffer];
  assert.match(`${first}`, /^HTTP\/1\.1 101 [\s\S]*\r\n\r\n$/);
  const [second] = (await once(connection, 'data')) as [Buffer];
  assert.match(`${second}`, /words\n$/);
  connection.destroy();
  await destroy('alone');
});

test('links are names of the container that they lead to', async () => {
  const target = await run('link-db');
  await run('link-web', { HostConfig: { Links: ['link-db:db'] } });
  const names = async () =>
    (await get('/containers/json')).json().find(({ Id }: { Id: string }) => Id === target).Names;
  assert.deepEqual(await names(), ['/link-db', '/link-web/db']);
  assert.equal((await unjudged('/containers/link-web/db/json')).json.Id, target);
  assert.equal((await post('/containers/link-db/rename?name=link-moved')).status, 204);
  assert.deepEqual((await inspect('link-web')).HostConfig.Links, ['/link-moved:/link-web/db']);
  assert.deepEqual(await names(), ['/link-moved', '/link-web/db']);
  assert.equal((await get('/containers/link-web/none/json')).status, 404);
  await destroy('link-web', 'link-moved');
});

test('namespaces of containers that are not there, or do not run', async () => {
  const body = (HostConfig: object) => ({ Image: 'busybox', Cmd: ['true'], HostConfig });
  for (const mode of ['PidMode', 'IpcMode', 'NetworkMode']) {
    const refused = errorOf(await post('/containers/create', body({ [mode]: 'container:nobody' })));
    assert.equal(refused[0], 400);
    assert.match(refused[1], /No such container: nobody/);
  }
  const id = await create('still');
  await create('joins', { HostConfig: { PidMode: 'container:still' } });
  const failed = errorOf(await post('/containers/joins/start'));
  assert.equal(failed[0], 500);
  assert.ok(failed[1].includes(`failed to join PID namespace: container ${id} is not running`), failed[1]);
  await destroy('joins', 'still');
});

test('an image that a container has mounted is in use', async () => {
  assert.equal((await post('/images/busybox/tag?repo=mounted&tag=1')).status, 201);
  const tar = spawnSync('sh', ['-c', 'echo hi >/tmp/.$$; tar -C /tmp -c .$$; rm /tmp/.$$']).stdout;
  const made = await daemon.api('/images/create?fromSrc=-&repo=only-mounted&tag=1', {
    method: 'POST',
    body: tar,
  });
  assert.equal(made.status, 200);
  const mount = { Type: 'image', Source: 'only-mounted:1', Target: '/image' };
  const id = await create('mounts-image', { HostConfig: { Mounts: [mount] } });
  const refused = errorOf(await daemon.api('/images/only-mounted:1', { method: 'DELETE' }));
  assert.equal(refused[0], 409);
  assert.match(refused[1], new RegExp(`container ${id.slice(0, 12)} is using its referenced image`));
  await destroy('mounts-image');
  assert.equal((await daemon.api('/images/only-mounted:1', { method: 'DELETE' })).status, 200);
});

test('small things that programs compare', async () => {
  const id = await run('small', {
    WorkingDir: '/tmp/./x/../',
    User: '1000:1001',
    HostConfig: { PidsLimit: 20, Annotations: { a: 'b' } },
  });
  assert.equal((await inspect('small')).Config.WorkingDir, '/tmp');
  assert.equal((await exec('small', ['id', '-G'])).trim(), '1001');
  assert.equal((await post('/containers/small/update', { PidsLimit: -1 })).status, 200);
  assert.equal((await inspect('small')).HostConfig.PidsLimit, 0);
  assert.equal((await unjudged('/networks/')).status, 200);
  const digest = `sha256:${'0'.repeat(64)}`;
  const wrong = errorOf(await post('/containers/create', { Image: `busybox:${digest}` }));
  assert.deepEqual(wrong, [400, 'invalid reference format']);
  const annotations = async (version: string) =>
    (await get(`/v${version}/containers/json`)).json().find((row: { Id: string }) => row.Id === id).HostConfig
      .Annotations;
  assert.deepEqual([await annotations('1.45'), await annotations('1.46')], [undefined, { a: 'b' }]);
  await destroy('small');
});

test('what older clients ask for means what it meant then', async () => {
  const make = async (version: string, body: object) =>
    await daemon.api(`/v${version}/containers/create`, {
      method: 'POST',
      body: { Image: 'busybox', ...body },
    });
  const networks = { NetworkingConfig: { EndpointsConfig: { one: {}, two: {} } } };
  assert.match(errorOf(await make('1.43', networks))[1], /multiple network endpoints/);
  assert.equal((await make('1.44', networks)).status, 201);
  const network = { Name: 'old', EnableIPv4: false, EnableIPv6: true };
  assert.equal((await daemon.api('/v1.47/networks/create', { method: 'POST', body: network })).status, 201);
  assert.equal((await get('/networks/old')).json().EnableIPv4, true);
  assert.equal((await get('/info')).json().FirewallBackend.Driver, 'nftables');
  const old = (await make('1.39', { HostConfig: { PidsLimit: 5 } })).json();
  const { IpcMode, CgroupnsMode, PidsLimit } = (await inspect(old.Id)).HostConfig;
  assert.deepEqual([IpcMode, CgroupnsMode, PidsLimit ?? null], ['shareable', 'host', null]);
});

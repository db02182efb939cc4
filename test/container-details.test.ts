/** Containers as dockerd makes them: what scripts look for that no description of the API has. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import { after, test } from 'node:test';
import { apiClient, errorOf, withFilters } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, create, run, destroy, exec } = apiClient(daemon);

const session = async (name: string, body: object): Promise<string> => {
  const response = await post(`/containers/${name}/exec`, { AttachStdout: true, ...body });
  assert.equal(response.status, 201, response.text);
  return response.json().Id;
};
const outputOf = async (name: string, Cmd: readonly string[], more: object = {}) => {
  await create(name, { Cmd, ...more });
  assert.equal((await post(`/containers/${name}/start`)).status, 204);
  await post(`/containers/${name}/wait`);
  const { text } = await get(`/containers/${name}/logs?stdout=1`);
  await destroy(name);
  return text.replaceAll(/[\0\x01]{4}[\s\S]{4}/g, '');
};

/** Sends a request of a hijack. @returns the pieces in which the answer came. */
async function piecesOf(path: string, body: string, upgrade: boolean): Promise<string[]> {
  const connection = connect(daemon.socket);
  const headers = [
    `POST ${path} HTTP/1.1`,
    'Host: d',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    ...(upgrade ? ['Connection: Upgrade', 'Upgrade: tcp'] : []),
  ];
  connection.write(`${headers.join('\r\n')}\r\n\r\n${body}`);
  const pieces: string[] = [];
  for await (const piece of connection) {
    pieces.push(`${piece}`);
    /* Without Upgrade the connection stays; the last chunk ends the answer. */
    if (!upgrade && `${piece}`.endsWith('0\r\n\r\n')) break;
  }
  return pieces;
}

for (const upgrade of [true, false]) {
  const way = upgrade ? 'with an upgrade' : 'without one';
  const status = upgrade ? '101 UPGRADED' : '200 OK';

  test(`a session that cannot start says so in the stream, ${way}`, async () => {
    await run('hijacked');
    const twice = await session('hijacked', { Cmd: ['true'] });
    await piecesOf(`/exec/${twice}/start`, '{}', upgrade);
    const missing = await session('hijacked', { Cmd: ['nonesuch'] });
    for (const [id, words] of [
      [twice, `Error: Exec command ${twice} has already run`],
      [missing, 'executable file not found in $PATH'],
    ] as const) {
      const said = (await piecesOf(`/exec/${id}/start`, '{}', upgrade)).join('');
      assert.ok(said.startsWith(`HTTP/1.1 ${status}\r\n`), said);
      assert.ok(said.includes(words), said);
    }
    const detached = await post(`/exec/${twice}/start`, { Detach: true });
    assert.deepEqual(errorOf(detached), [409, `Error: Exec command ${twice} has already run`]);
    assert.equal((await get(`/exec/${twice}/json`)).json().ExitCode, 0);
    assert.equal((await get(`/exec/${missing}/json`)).json().ExitCode, 127);
    await destroy('hijacked');
    assert.equal((await post(`/exec/${twice}/start`, {})).status, 404);
  });

  test(`the head comes before anything of the process is there to come with it, ${way}`, async () => {
    await run('heads');
    const id = await session('heads', { Cmd: ['echo', 'words'] });
    const [execHead = '', ...output] = await piecesOf(`/exec/${id}/start`, '{}', upgrade);
    assert.match(execHead, /\r\n\r\n$/);
    assert.match(output.join(''), /words\n/);
    await destroy('heads');

    await create('heads', { Cmd: ['echo', 'words'] });
    const attached = piecesOf('/containers/heads/attach?stream=1&stdout=1', '', upgrade);
    assert.equal((await post('/containers/heads/start')).status, 204);
    const [attachHead = '', ...more] = await attached;
    assert.match(attachHead, /\r\n\r\n$/);
    assert.match(more.join(''), /words\n/);
    await destroy('heads');
  });
}

test('a session in a directory that is not there ends with 127', async () => {
  await run('nowhere');
  for (const [WorkingDir, words] of [
    ['/missing', /chdir.*: no such file or directory/],
    ['/etc/passwd', /chdir.*: not a directory/],
  ] as const) {
    const id = await session('nowhere', { Cmd: ['true'], WorkingDir });
    const { text } = await post(`/exec/${id}/start`, {});
    assert.match(text, words);
    assert.equal((await get(`/exec/${id}/json`)).json().ExitCode, 127);
  }
  await destroy('nowhere');
});

test('reasons of the runtime are in the case that clients look for', async () => {
  await create('cased', { HostConfig: { Binds: ['/etc:/etc/passwd'] } });
  const { message } = (await post('/containers/cased/start')).json();
  assert.match(message, /: not a directory$/);
  await destroy('cased');
});

test('a session has the limits of its container', async () => {
  await run('limited', { HostConfig: { Ulimits: [{ Name: 'nofile', Soft: 77, Hard: 88 }] } });
  assert.equal(await exec('limited', ['sh', '-c', 'ulimit -Sn; ulimit -Hn']), '77\n88\n');
  await destroy('limited');
});

test('an empty HOME is none: the user’s own stands in, for sessions too', async () => {
  const env = { Env: ['HOME=', 'OTHER='] };
  assert.match(await outputOf('homeless', ['env'], env), /^HOME=\/root$/m);
  assert.match(await outputOf('homeless', ['env'], env), /^OTHER=$/m);
  await run('homeless', env);
  assert.match(await exec('homeless', ['env']), /^HOME=\/root$/m);
  assert.match(await exec('homeless', ['env'], { Env: ['HOME='], User: 'nobody' }), /^HOME=\/.+$/m);
  assert.match(await exec('homeless', ['env'], { Env: ['HOME=/x'] }), /^HOME=\/x$/m);
  await destroy('homeless');
});

test('with the host’s network comes the host’s name, unless another is asked for', async () => {
  const HostConfig = { NetworkMode: 'host' };
  assert.equal(await outputOf('on-host', ['cat', '/etc/hostname'], { HostConfig }), `${hostname()}\n`);
  assert.equal(await outputOf('on-host', ['hostname'], { HostConfig }), `${hostname()}\n`);
  assert.equal(await outputOf('on-host', ['hostname'], { HostConfig, Hostname: 'own' }), 'own\n');
});

test('a full name in /etc/hosts has its first part beside it', async () => {
  const hosts = ['cat', '/etc/hosts'];
  assert.match(await outputOf('fqdn', hosts, { Hostname: 'web.example.com' }), /\tweb\.example\.com web$/m);
  const split = { Hostname: 'web', Domainname: 'example.com' };
  assert.match(await outputOf('fqdn', hosts, split), /\tweb\.example\.com web$/m);
  assert.match(await outputOf('fqdn', hosts, { Hostname: 'web' }), /\tweb$/m);
});

test('a cgroup parent cannot lead out of the cgroup tree, nor a build’s', async () => {
  const name = `bt-out-${process.pid}`;
  const parent = `../../../../../../tmp/${name}`;
  await run('contained', { HostConfig: { CgroupParent: parent } });
  assert.equal(existsSync(`/tmp/${name}`), false);
  assert.match(await exec('contained', ['cat', '/proc/self/cgroup']), new RegExp(`/tmp/${name}/`));
  assert.equal((await post('/containers/contained/update', { CpuShares: 512 })).status, 200);
  await destroy('contained');
  const refused = await post('/containers/create', {
    Image: 'busybox',
    HostConfig: { CgroupParent: 'a\0b' },
  });
  assert.equal(errorOf(refused)[0], 400);
  const dockerfile = 'FROM busybox\nRUN cat /proc/self/cgroup\n';
  const { tarOf } = await import('./harness/crafted-image.ts');
  const response = await daemon.api(`/build?nocache=1&cgroupparent=${encodeURIComponent(parent)}`, {
    method: 'POST',
    body: await tarOf([{ name: 'Dockerfile', content: dockerfile }]),
    headers: { 'Content-Type': 'application/x-tar' },
  });
  assert.match(response.text, new RegExp(`/tmp/${name}/`));
  assert.equal(existsSync(`/tmp/${name}`), false);
  await removeCgroups(`/tmp/${name}`);
});

/** Parents that were asked for are the user's to remove. */
async function removeCgroups(path: string): Promise<void> {
  const { LinuxCgroups } = await import('../src/host/linux/cgroups.ts');
  new LinuxCgroups().remove(path);
}

test('names that a request gives are never taken from the prototype of an object', async () => {
  for (const Runtime of ['constructor', '__proto__', '../../bin/sh']) {
    const response = await post('/containers/create', { Image: 'busybox', HostConfig: { Runtime } });
    assert.deepEqual(errorOf(response), [400, `unknown or invalid runtime name: ${Runtime}`]);
  }
});

test('a directory without a device is not taken for one', async () => {
  const device = (PathOnHost: string) => ({
    PathOnHost,
    PathInContainer: PathOnHost,
    CgroupPermissions: 'rwm',
  });
  await create('deviceless', { HostConfig: { Devices: [device('/etc')] } });
  const [status, message] = errorOf(await post('/containers/deviceless/start'));
  assert.equal(status, 500);
  assert.match(message, /adding custom device "\/etc": not a device node/);
  await destroy('deviceless');
});

test('the filter publish is about ports of the host', async () => {
  const names = async (filters: object) =>
    (await get(withFilters('/containers/json?all=1', filters)))
      .json()
      .flatMap(({ Names }: { Names: string[] }) => Names);
  const HostConfig = { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } };
  await run('published', { ExposedPorts: { '81/tcp': {} }, HostConfig });
  const { NetworkSettings } = (await get('/containers/published/json')).json();
  const port = NetworkSettings.Ports['80/tcp'][0].HostPort;
  assert.deepEqual(await names({ publish: [port] }), ['/published']);
  for (const other of ['80', '81', `${port}/udp`]) assert.deepEqual(await names({ publish: [other] }), []);
  assert.deepEqual(await names({ expose: ['80'] }), ['/published']);
  await destroy('published');
});

test('the filter ancestor does not take images of the same layers for each other', async () => {
  await create('source');
  for (const repo of ['same-one', 'same-two']) {
    const made = await post(`/commit?container=source&repo=${repo}`, { Labels: { repo } });
    assert.equal(made.status, 201, made.text);
  }
  await create('of-one', { Image: 'same-one' });
  const found = async (ancestor: string) =>
    (await get(withFilters('/containers/json?all=1', { ancestor: [ancestor], name: ['of-one', 'source'] })))
      .json()
      .flatMap(({ Names }: { Names: string[] }) => Names);
  assert.deepEqual(await found('same-one'), ['/of-one']);
  assert.deepEqual(await found('same-two'), []);
  assert.deepEqual(await found('busybox'), ['/of-one', '/source']);
  await destroy('of-one', 'source');
  for (const repo of ['same-one', 'same-two']) await daemon.ok('barge', ['rmi', repo]);
});

test('a forced removal tells of the signal first', async () => {
  const since = Date.now() / 1000 - 1;
  const id = await run('forced');
  await destroy('forced');
  const { text } = await get(
    withFilters(`/events?since=${since}&until=${Date.now() / 1000 + 1}`, {
      container: [id],
      type: ['container'],
    }),
  );
  const events = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    events.map(({ Action }) => Action),
    ['create', 'start', 'kill', 'die', 'destroy'],
  );
  assert.equal(events[2].Actor.Attributes.signal, '9');
});

test('IPv6 that a sysctl switches off is in no answer, name or file', async () => {
  const made = await post('/networks/create', { Name: 'dual', EnableIPv6: true });
  assert.equal(made.status, 201, made.text);
  const off = { 'net.ipv6.conf.all.disable_ipv6': '1' };
  const HostConfig = { NetworkMode: 'dual', ExtraHosts: ['six:fd00::1', 'four:192.0.2.1'] };
  await run('with-six', { HostConfig });
  await run('without-six', { HostConfig: { ...HostConfig, Sysctls: off } });
  const addressOf = async (name: string) =>
    (await get(`/containers/${name}/json`)).json().NetworkSettings.Networks.dual.GlobalIPv6Address;
  const namesOf = async (name: string) => await exec('with-six', ['nslookup', '-type=aaaa', `${name}.`]);
  const hostsOf = (name: string) => exec(name, ['cat', '/etc/hosts']);
  const six = await addressOf('with-six');
  assert.match(six, /:/);
  assert.ok((await namesOf('with-six')).includes(six));
  assert.match(await hostsOf('with-six'), /^::1\t/m);
  assert.equal(await addressOf('without-six'), '');
  assert.doesNotMatch(await namesOf('without-six'), /Address: [0-9a-f]*:[0-9a-f:]+/);
  const hosts = await hostsOf('without-six');
  assert.match(hosts, /^127\.0\.0\.1\tlocalhost\n192\.0\.2\.1\tfour$/m);
  assert.doesNotMatch(hosts, /^\S*:/m);
  await destroy('with-six', 'without-six');

  const endpoint = {
    DriverOpts: { 'com.docker.network.endpoint.sysctls': 'net.ipv6.conf.IFNAME.disable_ipv6=1' },
  };
  await run('without-one', {
    HostConfig: { NetworkMode: 'dual' },
    NetworkingConfig: { EndpointsConfig: { dual: endpoint } },
  });
  assert.equal(await addressOf('without-one'), '');
  await destroy('without-one');
  assert.equal((await daemon.api('/networks/dual', { method: 'DELETE' })).status, 204);
});

test('the files of /etc are there for cp when nothing runs', async () => {
  await run('etc', { HostConfig: { ExtraHosts: ['extra:192.0.2.7'] } });
  const copied = async (file: string) => {
    const response = await daemon.api(`/containers/etc/archive?path=/etc/${file}`);
    assert.equal(response.status, 200, response.text);
    return response.text;
  };
  const looks = async () => [await copied('hosts'), await copied('hostname'), await copied('resolv.conf')];
  const before = await looks();
  assert.match(before[0] ?? '', /^192\.0\.2\.7\textra$/m);
  assert.equal((await post('/containers/etc/kill')).status, 204);
  await post('/containers/etc/wait');
  assert.deepEqual(await looks(), before);
  assert.deepEqual((await get('/containers/etc/changes')).json() ?? [], []);
  await destroy('etc');
});

test('a working directory that the image does not have is made at the creation, also behind a link', async () => {
  const { tarOf } = await import('./harness/crafted-image.ts');
  await create('linker');
  const links = [
    { name: 'to-nowhere', type: 'symlink' as const, linkname: '/made/by-link' },
    { name: 'out', type: 'symlink' as const, linkname: '../../../../tmp/inside' },
  ];
  const put = await daemon.api('/containers/linker/archive?path=/', {
    method: 'PUT',
    body: await tarOf(links),
  });
  assert.equal(put.status, 200, put.text);
  assert.equal((await post('/commit?container=linker&repo=linked')).status, 201);
  await destroy('linker');
  for (const [WorkingDir, place] of [
    ['/new/deep', '/new/deep'],
    ['/to-nowhere/below', '/made/by-link/below'],
    ['/out', '/tmp/inside'],
    ['/tmp', '/tmp'],
  ] as const) {
    const body = { Image: 'linked', WorkingDir, Cmd: ['pwd', '-P'] };
    await create('placed', body);
    const stat = await daemon.api(`/containers/placed/archive?path=${place}`, { method: 'HEAD' });
    assert.equal(stat.status, 200, WorkingDir);
    assert.equal((await post('/containers/placed/start')).status, 204);
    await post('/containers/placed/wait');
    assert.match((await get('/containers/placed/logs?stdout=1')).text, new RegExp(`${place}\\n$`));
    const changed = ((await get('/containers/placed/changes')).json() ?? []).map(
      ({ Path }: { Path: string }) => Path,
    );
    assert.equal(changed.includes(place), WorkingDir !== '/tmp', WorkingDir);
    await destroy('placed');
  }
  assert.equal(existsSync('/tmp/inside'), false);
  const refused = await post('/containers/create', { Image: 'busybox', WorkingDir: '/etc/passwd' });
  assert.deepEqual(errorOf(refused), [400, 'Cannot mkdir: /etc/passwd is not a directory']);
  await daemon.ok('barge', ['rmi', 'linked']);
});

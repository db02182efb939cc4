/** What the API's newest versions brought, and what its older ones look like. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { apiClient, errorOf, withFilters } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, remove, create, run, destroy, exec } = apiClient(daemon);

test('a container’s umask is that of its process, its execs and its inspection', async () => {
  await run('masked', {
    Cmd: ['sh', '-c', 'umask >/mask; exec sleep 1000'],
    HostConfig: { Umask: 0o27 },
    Healthcheck: { Test: ['CMD-SHELL', 'umask >/health'], Interval: 1e9 },
  });
  const when = (file: string) => ['sh', '-c', `until [ -s ${file} ]; do sleep 0.05; done; cat ${file}`];
  assert.equal(await exec('masked', when('/mask')), '0027\n');
  assert.equal(await exec('masked', when('/health')), '0027\n');
  assert.equal(await exec('masked', ['sh', '-c', 'umask'], { User: '1000' }), '0027\n');
  assert.equal((await get('/containers/masked/json')).json().HostConfig.Umask, 0o27);
  await run('all', { HostConfig: { Umask: 0 } });
  assert.equal(await exec('all', ['sh', '-c', 'umask']), '0000\n');
  await run('usual');
  assert.equal(await exec('usual', ['sh', '-c', 'umask']), '0022\n');
  const wrong = await post('/containers/create', { Image: 'busybox', HostConfig: { Umask: 0o1000 } });
  assert.deepEqual(errorOf(wrong), [400, 'invalid umask 01000: the range is 0 to 0777']);
  await destroy('masked', 'all', 'usual');
});

test('containers are listed by their annotations', async () => {
  await create('one', { HostConfig: { Annotations: { team: 'a', tier: 'x' } } });
  await create('two', { HostConfig: { Annotations: { team: 'b' } } });
  await create('none');
  const names = async (...annotation: string[]) => {
    const response = await get(withFilters('/containers/json?all=1', { annotation }));
    return response.json().flatMap(({ Names }: { Names: string[] }) => Names);
  };
  assert.deepEqual((await names('team')).sort(), ['/one', '/two']);
  assert.deepEqual(await names('team=b'), ['/two']);
  assert.deepEqual(await names('team', 'tier=x'), ['/one']);
  assert.deepEqual(await names('team=c'), []);
  await destroy('one', 'two', 'none');
});

test('the daemon calls itself by the version of Docker that it follows, and its own behind it', async () => {
  const version = (await get('/version')).json();
  const semver = /^(\d+)\.(\d+)\.(\d+)\+barge\d+\.\d+\.\d+$/;
  assert.match(version.Version, semver);
  const engine = version.Components.find(({ Name }: { Name: string }) => Name === 'Engine');
  assert.equal(engine.Version, version.Version);
  assert.match(version.Platform.Name, /^Barge \d/);
  const info = (await get('/info')).json();
  assert.equal(info.ServerVersion, version.Version);
});

test('images look as older versions of the API had them', async () => {
  const names = async (version: string) =>
    Object.keys((await get(`/v${version}/images/busybox/json`)).json().Config);
  assert.ok((await names('1.56')).length < 8);
  for (const name of ['Cmd', 'Entrypoint', 'Env', 'Labels', 'OnBuild', 'User', 'Volumes', 'WorkingDir'])
    assert.ok((await names('1.51')).includes(name), name);
  assert.ok((await names('1.49')).includes('AttachStdin'));
  const old = (await get('/v1.43/images/busybox/json')).json();
  assert.deepEqual([old.Container, old.ContainerConfig.Tty, old.VirtualSize], ['', false, old.Size]);
  const [row] = (await get('/v1.43/images/json')).json();
  assert.equal(row.VirtualSize, row.Size);
});

test('numbers of 64 bits are exact: addresses of a /64, and times of events', async () => {
  const since = Math.floor(Date.now() / 1000);
  const subnets = [{ Subnet: 'fd00:64::/64' }, { Subnet: '10.77.0.0/24' }];
  const body = { Name: 'wide', EnableIPv6: true, IPAM: { Config: subnets } };
  assert.equal((await post('/networks/create', body)).status, 201);
  const { text } = await get('/networks/wide');
  /* All but the network's own address and the gateway's. */
  assert.match(text, /"fd00:64::\/64":\{"IPsInUse":2,"DynamicIPsAvailable":18446744073709551614\}/);
  assert.equal((await remove('/networks/wide')).status, 204);
  const wide = {
    ...body,
    Name: 'wider',
    IPAM: { Config: [{ Subnet: 'fd00:48::/48' }, { Subnet: '10.77.0.0/24' }] },
  };
  assert.equal((await post('/networks/create', wide)).status, 201);
  assert.match((await get('/networks/wider')).text, /"DynamicIPsAvailable":18446744073709551615\}/);
  assert.equal((await remove('/networks/wider')).status, 204);
  const until = Math.ceil(Date.now() / 1000) + 1;
  const events = (await get(`/events?since=${since}&until=${until}`)).text.trim().split('\n');
  const times = events.map((line) => /"timeNano":(\d+)/.exec(line)?.[1] ?? '');
  assert.ok(times.length >= 4);
  assert.equal(new Set(times).size, times.length);
  for (const [i, line] of events.entries())
    assert.equal(times[i]?.slice(0, -9), /"time":(\d+)/.exec(line)?.[1]);
  const last = times.at(-1) ?? '';
  const exactly = `${last.slice(0, -9)}.${last.slice(-9)}`;
  const again = (await get(`/events?since=${exactly}&until=${exactly}`)).text.trim().split('\n');
  assert.deepEqual(again, [events.at(-1)]);
});

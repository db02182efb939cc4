/** What the Engine API tells of the daemon itself: versions, info, events, disk usage, and a swarm that is not there. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { openApi } from './harness/api.ts';
import { apiClient, errorOf, withFilters } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, remove, create, run, destroy, exec } = apiClient(daemon);

const now = () => (Date.now() / 1000).toFixed(9);

describe('the daemon', () => {
  test('_ping answers with all of Docker’s headers, before and after versions', async () => {
    for (const path of ['/_ping', '/v1.24/_ping', '/v1.56/_ping']) {
      for (const method of ['GET', 'HEAD']) {
        const { status, headers, text } = await daemon.api(path, { method });
        assert.deepEqual([status, text], [200, method === 'GET' ? 'OK' : '']);
        assert.equal(headers['api-version'], '1.56');
        assert.equal(headers['builder-version'], '1');
        assert.equal(headers.swarm, 'inactive');
        assert.equal(headers.pragma, 'no-cache');
        assert.match(String(headers['cache-control']), /no-cache, no-store, must-revalidate/);
      }
    }
  });

  test('version names the engine and the runtime', async () => {
    const { Components, ApiVersion, MinAPIVersion } = (await get('/version')).json();
    const [{ Name, Details }, runtime] = Components;
    assert.deepEqual(
      [Name, Details.ApiVersion, Details.MinAPIVersion],
      ['Engine', ApiVersion, MinAPIVersion],
    );
    assert.match(runtime.Name, /crun|runc/);
    assert.match(runtime.Version, /^\d/);
  });

  test('info counts, and has old fields for old clients only', async () => {
    await create('counted');
    const info = (await get('/info')).json();
    assert.deepEqual([info.Containers, info.ContainersStopped, info.Images], [1, 1, 1]);
    assert.equal(info.Swarm.LocalNodeState, 'inactive');
    assert(info.MemTotal > 0 && info.NCPU > 0);
    assert.equal('BridgeNfIptables' in info, false);
    const old = (await get('/v1.47/info')).json();
    assert.equal(old.BridgeNfIptables, false);
    assert.equal(old.RuncCommit.Expected, old.RuncCommit.ID);
    await destroy('counted');
  });
});

describe('events', () => {
  const past = async (filters: object, since: string): Promise<{ Action: string; Type: string }[]> => {
    const answer = await get(withFilters(`/events?since=${since}&until=${now()}`, filters));
    return answer.text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  };

  test('everything that happens to a container is told', async () => {
    const since = now();
    await run('seen', { Tty: true, Healthcheck: { Test: ['CMD', 'true'], Interval: 3600e9 } });
    await exec('seen', ['true']);
    await post('/containers/seen/resize?h=10&w=20');
    await post('/containers/seen/pause');
    await post('/containers/seen/unpause');
    await post('/containers/seen/update', { CpuShares: 512 });
    await get('/containers/seen/top');
    await daemon.api('/containers/seen/archive?path=/etc');
    await get('/containers/seen/export');
    await post('/containers/seen/rename?name=seen2');
    await post('/commit?container=seen2&repo=seen', {});
    await post('/containers/seen2/restart?t=0');
    await post('/containers/seen2/stop?t=0');
    await destroy('seen2');
    await remove('/images/seen');
    const actions = (await past({ type: ['container'] }, since))
      .map(({ Action }) => Action.split(':')[0])
      /* Whether a process had to be killed after the first signal is no matter here. */
      .filter((action, i, all) => action !== 'kill' || all[i - 1] !== 'kill');
    const expected = [
      ...['create', 'start', 'exec_create', 'exec_start', 'exec_die', 'resize', 'pause', 'unpause', 'update'],
      ...['top', 'archive-path', 'export', 'rename', 'commit', 'kill', 'die', 'stop', 'start', 'restart'],
      ...['kill', 'die', 'stop', 'destroy'],
    ];
    assert.deepEqual(actions, expected);
    const networks = await past({ type: ['network'] }, since);
    assert(networks.some(({ Action }) => Action === 'connect'));
    assert.deepEqual((await past({ event: ['exec_create'] }, since)).length, 1);
    assert.deepEqual((await past({ container: ['see'] }, since)).length >= expected.length, true);
  });

  test('times may be written in many ways; nonsense and a wrong order are refused', async () => {
    const until = now();
    for (const since of ['10m', '2020-01-01', '2020-01-01T00:00:00Z', '1577836800', '1577836800.5']) {
      const { status, text } = await get(`/events?since=${since}&until=${until}`);
      assert.equal(status, 200, since);
      assert.match(text, /"Action"/, since);
    }
    assert.equal(errorOf(await get(`/events?since=soon&until=${until}`))[0], 400);
    assert.match(errorOf(await get('/events?since=200&until=100'))[1], /cannot be after/);
    assert.equal(errorOf(await get('/events?filters=nonsense'))[0], 400);
  });

  test('a client may ask for lines or a sequence of JSON', async () => {
    const path = `/events?since=10m&until=${now()}`;
    for (const type of ['application/x-ndjson', 'application/jsonl', 'application/json-seq']) {
      const { headers, text } = await daemon.api(path, { headers: { Accept: type } });
      assert.equal(headers['content-type'], type);
      assert.equal(text.startsWith('\x1e'), type === 'application/json-seq');
    }
  });

  test('what happens while a client listens reaches it, with filters', async () => {
    const path = withFilters('/events', { type: ['volume'], event: ['create', 'destroy'] });
    const response = await openApi(daemon.socket, { path });
    const first = once(response, 'data');
    await post('/volumes/create', { Name: 'listened' });
    const [line] = await first;
    const { Type, Action, Actor } = JSON.parse(String(line));
    assert.deepEqual(
      [Type, Action, Actor.ID, Actor.Attributes.driver],
      ['volume', 'create', 'listened', 'local'],
    );
    response.destroy();
    await remove('/volumes/listened');
  });
});

describe('disk usage', () => {
  test('counts every kind, by kind and in the old shape', async () => {
    await run('du', { HostConfig: { Binds: ['du-used:/v'] } });
    await exec('du', ['sh', '-c', 'head -c 5000 /dev/zero > /v/f; head -c 7000 /dev/zero > /own']);
    await post('/volumes/create', { Name: 'du-free' });
    const all = (await get('/system/df?verbose=1')).json();
    assert.deepEqual(
      [all.ContainerUsage.TotalSize, all.ContainerUsage.ActiveCount, all.ContainerUsage.Reclaimable],
      [7000, 1, 0],
    );
    const { ActiveCount, TotalCount, TotalSize, Reclaimable, Items } = all.VolumeUsage;
    assert.deepEqual([ActiveCount, TotalCount, TotalSize, Reclaimable], [1, 2, 5000, 0]);
    const used = Items.find(({ Name }: { Name: string }) => Name === 'du-used');
    assert.deepEqual(used.UsageData, { Size: 5000, RefCount: 1 });
    assert.deepEqual(
      [all.ImageUsage.TotalCount, all.ImageUsage.ActiveCount, all.ImageUsage.Reclaimable],
      [1, 1, 0],
    );
    assert.equal('Images' in all, false);
    const brief = (await get('/system/df?verbose=0&type=volume')).json();
    assert.deepEqual(Object.keys(brief), ['VolumeUsage']);
    assert.equal('Items' in brief.VolumeUsage, false);
    const old = (await get('/v1.41/system/df')).json();
    assert.deepEqual(
      [old.LayersSize > 0, old.Images.length, old.Containers[0].SizeRw, old.Volumes.length, old.BuildCache],
      [true, 1, 7000, 2, []],
    );
    assert.equal(errorOf(await get('/system/df?type=nonsense'))[0], 400);
    await destroy('du');
    const pruned = (await post(withFilters('/volumes/prune', { all: ['true'] }))).json();
    assert.deepEqual([pruned.VolumesDeleted.sort(), pruned.SpaceReclaimed], [['du-free', 'du-used'], 5000]);
  });
});

describe('what this engine does not have', () => {
  test('a node without a swarm says so, in Docker’s words', async () => {
    const managers = [
      '/swarm',
      '/nodes',
      '/nodes/x',
      '/services',
      '/services/x',
      '/tasks',
      '/secrets',
      '/configs/x',
    ];
    for (const path of managers) {
      const [status, message] = errorOf(await get(path));
      assert.equal(status, 503, path);
      assert.match(message, /^This node is not a swarm manager\. Use "docker swarm init"/);
    }
    assert.deepEqual(errorOf(await post('/swarm/leave')), [503, 'This node is not part of a swarm']);
    assert.equal(errorOf(await post('/services/create', {}))[0], 503);
  });

  test('there are no plugins', async () => {
    assert.deepEqual((await get('/plugins')).json(), []);
    assert.deepEqual(errorOf(await get('/plugins/a/b:c/json')), [404, 'plugin "a/b:c" not found']);
    assert.equal(errorOf(await post('/plugins/x/enable'))[0], 404);
    assert.equal(errorOf(await remove('/plugins/x'))[0], 404);
  });

  test('credentials for a registry that is not there are no success', async () => {
    const answer = await post('/auth', { username: 'u', password: 'p', serveraddress: '127.0.0.1:1' });
    assert(answer.status >= 400, answer.text);
    errorOf(answer);
  });
});

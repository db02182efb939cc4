/** Operations of containers as bare requests see them: stats, update, commit, lists, waiting, top, rename, exec. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { openApi } from './harness/api.ts';
import { apiClient, errorOf, withFilters } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, remove, create, run, destroy, exec } = apiClient(daemon);

const V2 = readFileSync('/proc/self/mounts', 'utf8').includes(' /sys/fs/cgroup cgroup2 ');
/** A limit as the kernel has it. */
const limit = (id: string, v1: string, v2: string) =>
  readFileSync(
    `/sys/fs/cgroup/${V2 ? '' : `${v1.split('.')[0]}`}${daemon.cgroup}/${id}/${V2 ? v2 : v1}`,
    'utf8',
  ).trim();

describe('stats', () => {
  test('one shot has no sample before it, one without stream has', async () => {
    await run('st', { HostConfig: { Memory: 64 << 20, PidsLimit: 50 } });
    const once = (await get('/containers/st/stats?stream=0&one-shot=1')).json();
    assert.equal(once.name, '/st');
    assert.equal(once.os_type, 'linux');
    assert.equal(once.preread, '0001-01-01T00:00:00Z');
    assert.equal(once.precpu_stats.cpu_usage.total_usage, 0);
    assert.equal(once.memory_stats.limit, 64 << 20);
    assert(once.memory_stats.usage > 0);
    assert.equal(once.pids_stats.current, 1);
    assert.equal(once.pids_stats.limit, 50);
    assert(once.cpu_stats.cpu_usage.total_usage > 0);
    assert.deepEqual(Object.keys(once.networks), ['eth0']);
    assert.equal('percpu_usage' in once.cpu_stats.cpu_usage, !V2);
    const two = (await get('/containers/st/stats?stream=false')).json();
    assert(two.cpu_stats.system_cpu_usage > two.precpu_stats.system_cpu_usage);
    assert(Date.parse(two.read) > Date.parse(two.preread));
    await destroy('st');
  });

  test('a stream goes on until the container is removed', async () => {
    await run('st', { HostConfig: { NetworkMode: 'none' } });
    const response = await openApi(daemon.socket, { path: '/containers/st/stats' });
    let text = '';
    for await (const chunk of response) {
      text += chunk;
      if (text.split('\n').length === 2) await destroy('st');
    }
    const samples = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert(samples.length >= 1);
    assert.equal('networks' in samples[0], false);
  });

  test('a container that does not run has nothing to tell, and stream and one-shot exclude each other', async () => {
    await create('st');
    const {
      read,
      cpu_stats: cpu,
      memory_stats: memory,
    } = (await get('/containers/st/stats?stream=0')).json();
    assert.deepEqual([read, cpu.cpu_usage.total_usage, memory], ['0001-01-01T00:00:00Z', 0, {}]);
    assert.equal(errorOf(await get('/containers/st/stats?one-shot=1'))[0], 400);
    assert.equal(errorOf(await get('/containers/nobody/stats'))[0], 404);
    await destroy('st');
  });
});

describe('update', () => {
  test('changes limits of what runs at once, and they survive the daemon', async () => {
    const id = await run('up', { HostConfig: { Memory: 32 << 20 } });
    const body = {
      Memory: 48 << 20,
      MemorySwap: 96 << 20,
      CpuQuota: 20_000,
      CpuPeriod: 50_000,
      PidsLimit: 30,
      CpusetCpus: '0',
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 },
    };
    const answer = await post('/containers/up/update', body);
    assert.deepEqual([answer.status, answer.json().Warnings ?? []], [200, []]);
    assert.equal(limit(id, 'memory.limit_in_bytes', 'memory.max'), `${48 << 20}`);
    assert.equal(limit(id, 'pids.max', 'pids.max'), '30');
    assert.equal(limit(id, 'cpuset.cpus', 'cpuset.cpus'), '0');
    if (V2) assert.equal(limit(id, '', 'cpu.max'), '20000 50000');
    else assert.equal(limit(id, 'cpu.cfs_quota_us', ''), '20000');
    await daemon.stop('SIGTERM');
    await daemon.startAgain();
    const { HostConfig: host } = (await get('/containers/up/json')).json();
    assert.deepEqual(
      [host.Memory, host.MemorySwap, host.CpuQuota, host.PidsLimit, host.RestartPolicy],
      [48 << 20, 96 << 20, 20_000, 30, body.RestartPolicy],
    );
    await destroy('up');
  });

  test('what contradicts is refused, and nothing changes', async () => {
    const id = await run('up', { HostConfig: { Memory: 32 << 20, NanoCpus: 5e8 } });
    const refused: [object, RegExp][] = [
      [{ Memory: 128 << 20 }, /Memory limit should be smaller than already set memoryswap limit/],
      [{ CpuQuota: 10_000 }, /CPU Quota cannot be updated as NanoCPUs has already been set/],
      [{ Memory: 1024 }, /[Mm]inimum memory limit/],
      [{ RestartPolicy: { Name: 'sometimes' } }, /invalid restart policy: unknown policy 'sometimes'/],
      [{ RestartPolicy: { Name: 'always', MaximumRetryCount: 3 } }, /can only be used with 'on-failure'/],
      [{ Memory: 'much' }, /cannot unmarshal string into Go struct field UpdateConfig.Memory of type int64/],
    ];
    for (const [body, message] of refused) {
      const [status, text] = errorOf(await post('/containers/up/update', body));
      assert(status >= 400 && status < 500, `${status} ${text}`);
      assert.match(text, message);
    }
    assert.equal(limit(id, 'memory.limit_in_bytes', 'memory.max'), `${32 << 20}`);
    await destroy('up');
    await create('up', { HostConfig: { AutoRemove: true } });
    assert.match(
      errorOf(await post('/containers/up/update', { RestartPolicy: { Name: 'always' } }))[1],
      /AutoRemove is enabled/,
    );
    await destroy('up');
    assert.equal(errorOf(await post('/containers/nobody/update', {}))[0], 404);
  });
});

describe('commit', () => {
  test('an image has the container’s files, its configuration, and the changes on top', async () => {
    await run('co', { Env: ['A=1'], Labels: { from: 'container' } });
    await exec('co', ['sh', '-c', 'echo kept > /made; rm /etc/group']);
    const query = 'container=co&repo=committed&tag=one&comment=why&author=me';
    const changes = `changes=${encodeURIComponent('CMD ["cat", "/made"]')}&changes=${encodeURIComponent('ENV B=2\nEXPOSE 80')}`;
    const answer = await post(`/commit?${query}&${changes}`, {});
    assert.equal(answer.status, 201, answer.text);
    const image = (await get('/images/committed:one/json')).json();
    assert.equal(image.Id, answer.json().Id);
    assert.equal(image.Author, 'me');
    assert.equal(image.Comment, 'why');
    const { Cmd, Env, ExposedPorts, Labels } = image.Config;
    assert.deepEqual(
      [Cmd, Env.includes('A=1') && Env.includes('B=2'), ExposedPorts, Labels],
      [['cat', '/made'], true, { '80/tcp': {} }, { from: 'container' }],
    );
    await create('co2', { Image: 'committed:one', Cmd: undefined });
    await create('co3', { Image: 'committed:one', Cmd: ['ls', '/etc/group'] });
    for (const name of ['co2', 'co3']) await post(`/containers/${name}/start`);
    assert.equal((await post('/containers/co2/wait')).json().StatusCode, 0);
    assert.notEqual((await post('/containers/co3/wait')).json().StatusCode, 0);
    assert.match((await get('/containers/co2/logs?stdout=1')).text, /kept/);
    assert.equal((await get('/containers/co/json')).json().State.Status, 'running');
    await destroy('co', 'co2', 'co3');
    assert.equal((await remove('/images/committed:one')).status, 200);
  });

  test('bad changes and names are refused before anything is made', async () => {
    await create('co');
    const before = (await get('/images/json')).json().length;
    const change = (text: string) => post(`/commit?container=co&changes=${encodeURIComponent(text)}`, {});
    assert.match(errorOf(await change('RUN true'))[1], /RUN is not a valid change command/);
    assert.equal(errorOf(await change('NONSENSE'))[0], 400);
    assert.equal(errorOf(await post('/commit?container=co&repo=UPPER', {}))[0], 400);
    assert.equal(errorOf(await post('/commit?container=nobody', {}))[0], 404);
    assert.equal((await get('/images/json')).json().length, before);
    await destroy('co');
  });
});

describe('lists', () => {
  const names = async (filters: object, more = 'all=1') => {
    const list = (await get(withFilters(`/containers/json?${more}`, filters))).json() as {
      Names: string[];
    }[];
    return list.map(({ Names }) => Names[0]?.slice(1)).sort();
  };

  test('filters by health, ports, networks, ancestors and tasks', async () => {
    const old = await create('l-old', { ExposedPorts: { '8080/tcp': {}, '53/udp': {} } });
    await run('l-up', {
      Healthcheck: { Test: ['CMD', 'true'], Interval: 3600e9 },
      HostConfig: { PortBindings: { '90/tcp': [{ HostPort: '0' }] } },
    });
    await post('/commit?container=l-old&repo=child', {});
    await create('l-child', { Image: 'child' });
    const cases: [object, string[]][] = [
      [{ health: ['starting'] }, ['l-up']],
      [{ health: ['none'] }, ['l-child', 'l-old']],
      [{ expose: ['8000-8100'] }, ['l-child', 'l-old']],
      [{ expose: ['53/udp'] }, ['l-child', 'l-old']],
      [{ publish: ['1024-65535/tcp'] }, ['l-up']],
      [{ publish: ['90/tcp'] }, []],
      [{ expose: ['80-95/tcp'] }, ['l-up']],
      [{ ancestor: ['busybox'] }, ['l-child', 'l-old', 'l-up']],
      [{ ancestor: ['child'], name: ['child$'] }, ['l-child']],
      [{ 'is-task': ['false'] }, ['l-child', 'l-old', 'l-up']],
      [{ 'is-task': ['true'] }, []],
      [{ name: ['^l-(old|up)$'] }, ['l-old', 'l-up']],
      [{ name: ['['] }, []],
      [{ id: [`^${old.slice(0, 8)}`] }, ['l-old']],
      [{ isolation: ['default'] }, ['l-child', 'l-old', 'l-up']],
    ];
    for (const [filters, expected] of cases) {
      assert.deepEqual(await names(filters), expected, JSON.stringify(filters));
    }
    assert.deepEqual(await names({ exited: ['0'] }, ''), []);
    await destroy('l-old', 'l-up', 'l-child');
    await remove('/images/child');
  });

  test('filters that make no sense are refused in Docker’s words', async () => {
    const refused: [object, number, RegExp][] = [
      [{ colour: ['red'] }, 400, /^invalid filter 'colour'$/],
      [{ status: ['asleep'] }, 400, /asleep.*must be one of created, running/],
      [{ health: ['fine'] }, 400, /must be one of none, starting, healthy, unhealthy/],
      [{ exited: ['x'] }, 400, /exited=x/],
      [{ 'is-task': ['maybe'] }, 400, /invalid filter 'is-task=\[maybe\]'/],
      [{ publish: ['8080:80'] }, 400, /should not contain ':'/],
      [{ before: ['nobody'] }, 404, /No such container: nobody/],
    ];
    for (const [filters, status, message] of refused) {
      const [got, text] = errorOf(await get(withFilters('/containers/json', filters)));
      assert.equal(got, status, text);
      assert.match(text, message);
    }
  });

  test('sizes count what was written, in lists, inspect and prune', async () => {
    await run('sized', { Labels: { sized: '' } });
    await exec('sized', ['sh', '-c', 'head -c 100000 /dev/zero > /big; ln /big /same; mkdir /directory']);
    const [row] = (await get(withFilters('/containers/json?size=1', { name: ['sized'] }))).json();
    assert.equal(row.SizeRw, 100_000);
    assert(row.SizeRootFs > 100_000);
    const inspect = (await get('/containers/sized/json?size=1')).json();
    assert.deepEqual([inspect.SizeRw, inspect.SizeRootFs], [row.SizeRw, row.SizeRootFs]);
    assert.equal('SizeRw' in (await get('/containers/sized/json')).json(), false);
    await post('/containers/sized/kill');
    const none = (await post(withFilters('/containers/prune', { 'label!': ['sized'] }))).json();
    assert.deepEqual([none.ContainersDeleted, none.SpaceReclaimed], [null, 0]);
    const young = await post(withFilters('/containers/prune', { until: ['1h'] }));
    assert.equal(young.json().ContainersDeleted, null);
    const pruned = (await post(withFilters('/containers/prune', { label: ['sized'] }))).json();
    assert.deepEqual([pruned.ContainersDeleted.length, pruned.SpaceReclaimed], [1, 100_000]);
    assert.equal(errorOf(await post(withFilters('/containers/prune', { colour: ['red'] })))[0], 400);
    assert.equal(errorOf(await post(withFilters('/containers/prune', { until: ['soon'] })))[0], 400);
  });

  test('a name that has moved to another image is shown as the id', async () => {
    await create('moved', { Image: 'busybox' });
    await post('/images/busybox/tag?repo=shifting&tag=1');
    await create('shifts', { Image: 'shifting:1' });
    await post('/commit?container=moved&repo=shifting&tag=1', {});
    const rows = (await get(withFilters('/containers/json?all=1', { name: ['shifts'] }))).json();
    assert.match(rows[0].Image, /^sha256:/);
    await destroy('moved', 'shifts');
    await remove('/images/shifting:1');
  });
});

describe('ends', () => {
  test('removed tells the exit code of a container that goes by itself', async () => {
    await create('gone', { Cmd: ['sh', '-c', 'exit 5'], HostConfig: { AutoRemove: true } });
    const waiting = post('/containers/gone/wait?condition=removed');
    const next = post('/containers/gone/wait?condition=next-exit');
    await openApi(daemon.socket, { method: 'POST', path: '/containers/gone/start' });
    assert.deepEqual([(await waiting).json().StatusCode, (await next).json().StatusCode], [5, 5]);
    assert.equal((await get('/containers/gone/json')).status, 404);
  });

  test('signals go by name or number', async () => {
    const script = 'trap "echo one" USR1; trap "echo two" USR2; echo up; while :; do sleep 0.05; done';
    await run('sig', { Cmd: ['sh', '-c', script], Tty: true });
    const logs = await openApi(daemon.socket, { path: '/containers/sig/logs?follow=1&stdout=1' });
    let seen = '';
    const steps: [RegExp, string][] = [
      [/up/, 'SIGUSR1'],
      [/one/, '12'],
      [/two/, 'usr1'],
    ];
    for await (const chunk of logs) {
      seen += chunk;
      const [step] = steps;
      if (step?.[0].test(seen)) {
        steps.shift();
        assert.equal((await post(`/containers/sig/kill?signal=${step[1]}`)).status, 204);
      }
      if (/two[\s\S]*one/.test(seen)) break;
    }
    logs.destroy();
    await destroy('sig');
  });

  test('removal: what runs needs force, a container’s own name is no link', async () => {
    await run('rm-a');
    assert.equal(errorOf(await remove('/containers/rm-a'))[0], 409);
    assert.equal(errorOf(await remove('/containers/rm-a?link=1'))[0], 409);
    assert.equal((await remove('/containers/rm-a?force=true&v=true')).status, 204);
    assert.equal(errorOf(await remove('/containers/rm-a'))[0], 404);
  });

  for (const way of ['kill', 'stop', 'remove'] as const) {
    test(`a container that waits for its restart: ${way} ends the wait, and whoever waits for the end hears of it`, async () => {
      const name = `again-${way}`;
      const policy = { HostConfig: { RestartPolicy: { Name: 'always' }, NetworkMode: 'none' } };
      await run(name, { Cmd: ['sh', '-c', 'echo once more; exit 3'], ...policy });
      const inspect = async () => (await get(`/containers/${name}/json`)).json();
      await eventually('the pauses between restarts have grown', async () => {
        const { RestartCount, State } = await inspect();
        return RestartCount >= 4 && State.Status === 'restarting';
      });
      assert.equal((await post(`/containers/${name}/start`)).status, 304);
      for (const refused of [`${name}/pause`, `${name}/attach?stream=1&stdout=1`]) {
        assert.match(errorOf(await post(`/containers/${refused}`))[1], /is restarting, wait until/);
      }
      const waiting = post(`/containers/${name}/wait`);
      const followed = get(`/containers/${name}/logs?follow=1&stdout=1`);
      if (way === 'remove') await destroy(name);
      else assert.equal((await post(`/containers/${name}/${way}?signal=TERM`)).status, 204);
      assert.equal((await waiting).json().StatusCode, 3);
      assert.match((await followed).text, /once more/);
      if (way === 'remove') return;
      assert.equal((await inspect()).State.Status, 'exited');
      await destroy(name);
    });
  }

  test('renaming to nothing, to nonsense, to itself and to a taken name is refused', async () => {
    await create('name-a');
    await create('name-b');
    const rename = (to: string) => post(`/containers/name-a/rename?name=${encodeURIComponent(to)}`);
    assert.equal(errorOf(await rename(''))[0], 400);
    assert.equal(errorOf(await rename('b ad'))[0], 400);
    assert.equal(errorOf(await rename('name-a'))[0], 400);
    assert.equal(errorOf(await rename('name-b'))[0], 409);
    assert.equal((await rename('/name-c')).status, 204);
    await destroy('name-b', 'name-c');
  });
});

describe('attaching', () => {
  test('is refused with a status while a container is paused', async () => {
    await run('held');
    await post('/containers/held/pause');
    const [status, message] = errorOf(await post('/containers/held/attach?stream=1&stdout=1'));
    assert.equal(status, 409);
    assert.match(message, /is paused, unpause the container before attach/);
    await destroy('held');
  });

  test('a body where no input is taken changes nothing', async () => {
    await create('fed', { Cmd: ['echo', 'said'], Tty: true });
    const path = '/containers/fed/attach?stream=1&stdout=1';
    const attached = await openApi(daemon.socket, { method: 'POST', path, body: { any: 'thing' } });
    await post('/containers/fed/start');
    let text = '';
    for await (const chunk of attached) text += chunk;
    assert.equal(text, 'said\r\n');
    await destroy('fed');
  });
});

describe('processes', () => {
  test('top shows the columns that ps is asked for', async () => {
    await run('top');
    const plain = (await get('/containers/top/top')).json();
    assert(plain.Titles.includes('PID'));
    assert.equal(plain.Processes.length, 1);
    const chosen = (await get(`/containers/top/top?ps_args=${encodeURIComponent('-o pid,comm')}`)).json();
    assert.deepEqual(chosen.Titles, ['PID', 'COMMAND']);
    assert.equal(
      errorOf(await get(`/containers/top/top?ps_args=${encodeURIComponent('-o comm')}`))[0] >= 400,
      true,
    );
    assert.equal(errorOf(await get(`/containers/top/top?ps_args=${encodeURIComponent('-o pid=X')}`))[0], 400);
    await post('/containers/top/kill');
    assert.equal(errorOf(await get('/containers/top/top'))[0], 409);
    await destroy('top');
  });

  test('exec: detached, with a terminal’s size, environment, user and directory', async () => {
    await run('ex');
    const options = { Env: ['A=b'], User: 'nobody', WorkingDir: '/tmp', ConsoleSize: [33, 77] };
    assert.equal(
      await exec('ex', ['sh', '-c', 'echo $A; id -u; pwd; stty size'], options),
      'b\n65534\n/tmp\n33 77\n',
    );
    const { Id } = (
      await post('/containers/ex/exec', { Cmd: ['sh', '-c', 'echo > /ran; exec sleep 1000'] })
    ).json();
    assert.equal((await post(`/exec/${Id}/start`, { Detach: true })).status, 200);
    const { Running, Pid, CanRemove } = (await get(`/exec/${Id}/json`)).json();
    assert.deepEqual([Running, Pid > 0, CanRemove], [true, true, false]);
    assert.equal(errorOf(await post(`/exec/${Id}/start`, { Detach: true }))[0], 409);
    for (const query of ['', '?h=x&w=10', '?h=-1&w=10', '?h=4294967296&w=10']) {
      assert.equal(errorOf(await post(`/exec/${Id}/resize${query}`))[0], 400, query);
      assert.equal(errorOf(await post(`/containers/ex/resize${query}`))[0], 400, query);
    }
    assert.deepEqual((await get('/containers/ex/json')).json().ExecIDs, [Id]);
    await destroy('ex');
    assert.deepEqual(errorOf(await get(`/exec/${Id}/json`)), [404, `No such exec instance: ${Id}`]);
  });

  test('exec: what cannot be is refused', async () => {
    await run('ex');
    const refused: object[] = [
      {},
      { Cmd: [] },
      { Cmd: ['a'], DetachKeys: 'ctrl-?' },
      { Cmd: ['a'], Env: ['=x'] },
      { Cmd: ['a'], User: 'nobody-of-here' },
    ];
    for (const body of refused) {
      assert.equal(errorOf(await post('/containers/ex/exec', body))[0], 400, JSON.stringify(body));
    }
    const { Id } = (await post('/containers/ex/exec', { Cmd: ['nonesuch'], AttachStdout: true })).json();
    await post(`/exec/${Id}/start`, {});
    assert.equal((await get(`/exec/${Id}/json`)).json().ExitCode, 127);
    await destroy('ex');
  });

  test('exec heeds no-new-privileges, also when it is switched off', async () => {
    const flagOf = async (option: string) => {
      await run('nnp', { HostConfig: { SecurityOpt: [option] } });
      const status = await exec('nnp', ['grep', 'NoNewPrivs', '/proc/self/status']);
      await destroy('nnp');
      return status.trim().at(-1);
    };
    assert.equal(await flagOf('no-new-privileges'), '1');
    assert.equal(await flagOf('no-new-privileges=false'), '0');
  });
});

test('many creations at once get names of their own, or a conflict where they ask for the same', async () => {
  const create = (name?: string) =>
    post(`/containers/create${name ? `?name=${name}` : ''}`, { Image: 'busybox', Cmd: ['true'] });
  const invented = await Promise.all(Array.from({ length: 300 }, () => create()));
  assert.deepEqual(new Set(invented.map(({ status }) => status)), new Set([201]));
  const same = await Promise.all(Array.from({ length: 8 }, () => create('contested')));
  assert.equal(same.filter(({ status }) => status === 201).length, 1);
  assert.equal(same.filter(({ status }) => status === 409).length, 7);
  const made = [...invented, ...same]
    .filter(({ status }) => status === 201)
    .map((answer) => answer.json().Id);
  for (const id of made) assert.equal((await remove(`/containers/${id}`)).status, 204);
});

test('the size of a session’s terminal waits for its process', async () => {
  await run('sized');
  const Cmd = ['sh', '-c', 'until stty size | grep "11 22"; do sleep 0.05; done'];
  const session = { Cmd, Tty: true, AttachStdout: true };
  const { Id } = (await post('/containers/sized/exec', session)).json();
  const resized = post(`/exec/${Id}/resize?h=11&w=22`);
  const started = post(`/exec/${Id}/start`, { Tty: true });
  assert.equal((await resized).status, 200);
  assert.match((await started).text, /11 22/);
  assert.equal((await post(`/exec/${Id}/resize?h=11&w=22`)).status, 409, 'it has ended');
  await destroy('sized');
});

/** The API's Volume tag, and volumes that are file systems of their own: through requests and the real docker client. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { apiClient, errorOf } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually, execute } from './harness/execute.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, remove, create, destroy } = apiClient(daemon);
const docker = (...args: string[]) => daemon.ok('docker', args);
const busybox = (mounts: readonly string[], ...command: string[]) =>
  docker('run', '--rm', ...mounts, 'busybox', ...command);
const withFilters = (filters: unknown) => `filters=${encodeURIComponent(JSON.stringify(filters))}`;
const names = async (filters: unknown) => {
  const { Volumes } = (await get(`/volumes?${withFilters(filters)}`)).json();
  return (Volumes as { Name: string }[]).map(({ Name }) => Name);
};
const mountedAt = (path: string) =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.split(' ')[4] === path).length;
const mountpoint = (name: string) => join(daemon.dataRoot, 'volumes', name, '_data');

describe('operations', () => {
  test('create gives what inspect and list tell, and a second one what is there', async () => {
    const made = await post('/volumes/create', { Name: 'whole', Labels: { a: 'b' } });
    assert.equal(made.status, 201, made.text);
    const { CreatedAt, ...rest } = made.json();
    assert(Date.parse(CreatedAt) > 0);
    assert.deepEqual(rest, {
      Name: 'whole',
      Driver: 'local',
      Mountpoint: mountpoint('whole'),
      Labels: { a: 'b' },
      Scope: 'local',
      Options: null,
    });
    assert.deepEqual((await get('/volumes/whole')).json(), made.json());
    const again = await post('/volumes/create', { Name: 'whole', Labels: { other: 'c' } });
    assert.deepEqual([again.status, again.json()], [201, made.json()]);
    assert.deepEqual((await get('/volumes')).json(), { Volumes: [made.json()], Warnings: null });
    const anonymous = (await post('/volumes/create', {})).json();
    assert.match(anonymous.Name, /^[0-9a-f]{64}$/);
    assert.deepEqual(anonymous.Labels, { 'com.docker.volume.anonymous': '' });
    for (const name of ['whole', anonymous.Name])
      assert.equal((await remove(`/volumes/${name}`)).status, 204);
    assert.equal((await get('/volumes')).json().Volumes.length, 0);
  });

  test('what cannot be is refused in docker’s words, and nothing is left of it', async () => {
    const opts = (options: Record<string, string>) => ({ Name: 'wrong', DriverOpts: options });
    for (const [body, status, message] of [
      [{ Name: 'a b' }, 400, /includes invalid characters for a local volume name/],
      [{ Name: '../up' }, 400, /includes invalid characters/],
      [{ Name: 'x' }, 400, /volume name is too short/],
      [
        { Name: 'wrong', Driver: 'nfs4' },
        404,
        /error looking up volume plugin nfs4: plugin "nfs4" not found/,
      ],
      [opts({ colour: 'red' }), 400, /invalid option: "colour"/],
      [opts({ type: 'tmpfs' }), 400, /missing required option: "device"/],
      [opts({ o: 'bind', type: 'none' }), 400, /missing required option: "device"/],
      [opts({ size: '1m' }), 400, /quota size requested but no quota support/],
      [{ Name: 'wrong', ClusterVolumeSpec: {} }, 400, /cluster/],
    ] as const) {
      const [code, text] = errorOf(await post('/volumes/create', body));
      assert.deepEqual([code, message.test(text)], [status, true], text);
    }
    assert.deepEqual(errorOf(await get('/volumes/none')), [404, 'get none: no such volume']);
    assert.deepEqual(errorOf(await remove('/volumes/none')), [404, 'get none: no such volume']);
    assert.equal((await remove('/volumes/none?force=1')).status, 204);
    assert.equal(errorOf(await get(`/volumes?${withFilters({ color: ['red'] })}`))[0], 400);
    assert.equal((await get('/volumes')).json().Volumes.length, 0);
  });

  test('a volume in use stays, and the answer names who has it', async () => {
    await create('holder', { HostConfig: { Binds: ['used:/v'] } });
    const { Id } = (await get('/containers/holder/json')).json();
    for (const query of ['', '?force=1']) {
      const response = errorOf(await remove(`/volumes/used${query}`));
      assert.deepEqual(response, [409, `remove used: volume is in use - [${Id}]`]);
    }
    await destroy('holder');
    assert.equal((await remove('/volumes/used')).status, 204);
  });

  test('filters choose by name, label, driver and use; prune takes anonymous ones, or all', async () => {
    await docker('volume', 'create', '--label', 'tier=gold', 'f-gold');
    await docker('volume', 'create', '--label', 'tier=tin', 'f-tin');
    await create('user', { HostConfig: { Binds: ['f-used:/v'] }, Volumes: { '/anonymous': {} } });
    assert.deepEqual(await names({ name: ['gold'] }), ['f-gold']);
    assert.deepEqual(await names({ label: ['tier'] }), ['f-gold', 'f-tin']);
    assert.deepEqual(await names({ label: ['tier=tin'] }), ['f-tin']);
    assert.deepEqual(await names({ driver: ['local'], name: ['f-'] }), ['f-gold', 'f-tin', 'f-used']);
    assert.deepEqual(await names({ driver: ['nfs'] }), []);
    assert.deepEqual(await names({ dangling: ['true'] }), ['f-gold', 'f-tin']);
    assert.equal((await names({ dangling: ['false'] })).length, 2);
    await docker('rm', '-f', 'user');
    const prune = async (filters: unknown) =>
      (await post(`/volumes/prune?${withFilters(filters)}`)).json().VolumesDeleted as string[];
    assert.match((await prune({})).join(), /^[0-9a-f]{64}$/);
    assert.deepEqual(await prune({ all: ['true'], label: ['tier=tin'] }), ['f-tin']);
    assert.deepEqual(await prune({ all: ['true'], 'label!': ['tier'] }), ['f-used']);
    assert.deepEqual((await post('/v1.41/volumes/prune')).json().VolumesDeleted, ['f-gold']);
  });

  test('the life of a volume as events tell it', async () => {
    const since = Date.now() / 1000;
    await docker('run', '--name', 'seen', '-v', 'ev-one:/v:ro', 'busybox', 'true');
    await docker('rm', 'seen');
    await docker('volume', 'rm', 'ev-one');
    const until = Date.now() / 1000;
    const filter = withFilters({ type: ['volume'], volume: ['ev-one'] });
    const { text } = await get(`/events?since=${since}&until=${until}&${filter}`);
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { Action: string; Actor: { Attributes: Record<string, string> } });
    assert.deepEqual(
      events.map(({ Action }) => Action),
      ['create', 'mount', 'unmount', 'destroy'],
    );
    const { container, ...mount } = events[1]?.Actor.Attributes ?? {};
    assert.match(container ?? '', /^[0-9a-f]{64}$/);
    assert.deepEqual(mount, { driver: 'local', destination: '/v', 'read/write': 'false', propagation: '' });
    assert.deepEqual(events[2]?.Actor.Attributes, { driver: 'local', container });
  });

  test('anonymous volumes go with rm -v and --rm, and stay otherwise', async () => {
    const count = async () => (await names({})).length;
    await docker(
      'run',
      '--name',
      'an',
      '-v',
      '/data',
      '--mount',
      'type=volume,target=/more',
      'busybox',
      'true',
    );
    await docker('rm', 'an');
    assert.equal(await count(), 2);
    await docker('volume', 'prune', '-f');
    await busybox(['-v', '/data', '-v', 'an-named:/n'], 'true');
    assert.deepEqual(await names({}), ['an-named']);
    await docker('run', '-d', '--name', 'owner', '-v', '/data', 'busybox', 'sleep', '1000');
    await docker('create', '--name', 'guest', '--volumes-from', 'owner', 'busybox');
    await docker('rm', '-fv', 'owner');
    assert.equal(await count(), 2);
    await docker('rm', '-v', 'guest');
    assert.deepEqual(await names({}), ['an-named']);
    await docker('volume', 'rm', 'an-named');
  });
});

describe('the driver’s options', () => {
  const volume = (name: string, options: Record<string, string>) =>
    docker(
      'volume',
      'create',
      ...Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]),
      name,
    );

  test('a tmpfs is mounted with its first user, shared, and unmounted after the last', async () => {
    await volume('mem', { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,mode=1770,uid=7' });
    assert.deepEqual((await get('/volumes/mem')).json().Options, {
      type: 'tmpfs',
      device: 'tmpfs',
      o: 'size=1m,mode=1770,uid=7',
    });
    assert.equal(mountedAt(mountpoint('mem')), 0);
    for (const name of ['m1', 'm2']) {
      await docker('run', '-d', '--name', name, '-v', 'mem:/m', 'busybox', 'sleep', '1000');
    }
    assert.equal(mountedAt(mountpoint('mem')), 1);
    await docker('exec', 'm1', 'sh', '-c', 'echo shared >/m/f');
    assert.equal(await docker('exec', 'm2', 'cat', '/m/f'), 'shared');
    assert.equal(await docker('exec', 'm2', 'stat', '-c', '%a %u', '/m'), '1770 7');
    assert.match(await docker('exec', 'm2', 'df', '/m'), /tmpfs +1024 /);
    await docker('rm', '-f', 'm1');
    assert.equal(await docker('exec', 'm2', 'cat', '/m/f'), 'shared');
    await docker('rm', '-f', 'm2');
    assert.equal(mountedAt(mountpoint('mem')), 0);
    assert.equal(await busybox(['-v', 'mem:/m'], 'ls', '/m'), '');
    await docker('volume', 'rm', 'mem');
  });

  test('a bound directory, and a file system on a device', async () => {
    const directory = daemon.path('directory');
    await execute(['mkdir', directory]);
    await volume('bound', { type: 'none', device: directory, o: 'bind' });
    await busybox(['-v', 'bound:/b'], 'sh', '-c', 'echo there >/b/f');
    assert.equal(readFileSync(join(directory, 'f'), 'utf8'), 'there\n');
    await volume('bound-ro', { type: 'none', device: directory, o: 'bind,ro' });
    const { code, stderr } = await daemon.docker([
      'run',
      '--rm',
      '-v',
      'bound-ro:/b',
      'busybox',
      'touch',
      '/b/x',
    ]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /Read-only file system/);
    await docker('volume', 'rm', 'bound', 'bound-ro');
    assert.equal(readFileSync(join(directory, 'f'), 'utf8'), 'there\n');
    const disk = daemon.path('disk');
    writeFileSync(disk, '');
    await execute(['truncate', '-s', '8M', disk]);
    assert.equal((await execute(['mkfs.ext4', '-q', '-F', disk])).code, 0);
    const loop = (await execute(['losetup', '--find', '--show', disk])).stdout.trim();
    try {
      await volume('ext4', { type: 'ext4', device: loop, o: 'noatime' });
      await busybox(['-v', 'ext4:/d'], 'sh', '-c', 'echo lasting >/d/f');
      assert.match(
        await busybox(['-v', 'ext4:/d'], 'sh', '-c', 'grep " /d " /proc/mounts; cat /d/f'),
        /ext4 .*noatime.*\nlasting/,
      );
      await docker('create', '--name', 'copied', '-v', 'ext4:/d', 'busybox');
      assert.match(await docker('cp', 'copied:/d/f', '-'), /lasting/);
      await docker('rm', 'copied');
      await eventually('the copy has let go of it', () => mountedAt(mountpoint('ext4')) === 0);
      await docker('volume', 'rm', 'ext4');
    } finally {
      await execute(['losetup', '--detach', loop]);
    }
  });

  test('a container that started before does not keep a device busy', async () => {
    await volume('brief', { type: 'tmpfs', device: 'tmpfs' });
    await docker('run', '-d', '--name', 'user', '-v', 'brief:/b', 'busybox', 'sleep', '1000');
    await docker('run', '-d', '--name', 'bystander', 'busybox', 'sleep', '1000');
    await docker('rm', '-f', 'user');
    const { stdout } = await execute(['sh', '-c', `grep -l ${mountpoint('brief')} /proc/[0-9]*/mountinfo`]);
    assert.equal(stdout, '');
    await docker('rm', '-f', 'bystander');
    await docker('volume', 'rm', 'brief');
  });

  test('a mount that fails leaves no container, in docker’s words, without the password', async () => {
    await volume('lost', { type: 'ext4', device: '/dev/not-there', o: 'ro' });
    await volume('secret', { type: 'tmpfs', device: 'tmpfs', o: 'password=secret,nodev' });
    const { code, stderr } = await daemon.docker(['run', '--name', 'l1', '-v', 'lost:/l', 'busybox', 'true']);
    assert.notEqual(code, 0);
    const at = mountpoint('lost');
    assert(
      stderr.includes(
        `error while mounting volume '${at}': failed to mount local volume: mount /dev/not-there:${at}, flags: 0x1: no such file or directory`,
      ),
      stderr,
    );
    const secret = await daemon.docker(['run', '--name', 'l2', '-v', 'secret:/l', 'busybox', 'true']);
    assert.match(secret.stderr, /, flags: 0x4, data: password=\*{8}: invalid argument/);
    await volume('kind', { type: 'no-such-fs', device: 'none' });
    assert.match(
      (await daemon.docker(['run', '--name', 'l3', '-v', 'kind:/l', 'busybox', 'true'])).stderr,
      /: no such device/,
    );
    assert.deepEqual((await get('/containers/json?all=1')).json(), []);
    await docker('volume', 'rm', 'lost', 'secret', 'kind');
  });

  test('what is mounted outlives a killed daemon, and goes when its user has gone meanwhile', async () => {
    for (const name of ['stays', 'goes']) await volume(name, { type: 'tmpfs', device: 'tmpfs' });
    for (const name of ['stays', 'goes']) {
      await docker(
        'run',
        '-d',
        '--name',
        name,
        '-v',
        `${name}:/v`,
        'busybox',
        'sh',
        '-c',
        `echo ${name} >/v/f; exec sleep 1000`,
      );
    }
    const { Pid } = (await get('/containers/goes/json')).json().State;
    await daemon.stop('SIGKILL');
    process.kill(Pid, 'SIGKILL');
    await daemon.startAgain();
    assert.deepEqual([mountedAt(mountpoint('stays')), mountedAt(mountpoint('goes'))], [1, 0]);
    assert.equal(await busybox(['-v', 'stays:/v'], 'cat', '/v/f'), 'stays');
    await docker('start', 'goes');
    assert.equal(mountedAt(mountpoint('goes')), 1);
    await docker('rm', '-f', 'stays', 'goes');
    assert.deepEqual([mountedAt(mountpoint('stays')), mountedAt(mountpoint('goes'))], [0, 0]);
    await docker('volume', 'rm', 'stays', 'goes');
  });

  test('after a reboot nothing is mounted, and the next start mounts again', async () => {
    await volume('booted', { type: 'tmpfs', device: 'tmpfs' });
    await docker(
      'run',
      '-d',
      '--name',
      'booted',
      '--restart',
      'always',
      '-v',
      'booted:/v',
      'busybox',
      'sleep',
      '1000',
    );
    const { Pid } = (await get('/containers/booted/json')).json().State;
    await daemon.stop('SIGKILL');
    const { stdout } = await execute(['sh', '-c', `cat /proc/${Pid}/stat`]);
    process.kill(
      Number(stdout.split(' ')[3]),
      'SIGKILL',
    ); /* the shim: it has no time to write an exit down */
    process.kill(Pid, 'SIGKILL');
    await execute(['umount', '--lazy', mountpoint('booted')]);
    await execute(['umount', '--lazy', join(daemon.dataRoot, 'volumes')]);
    rmSync(daemon.execRoot, { recursive: true });
    await daemon.startAgain();
    await eventually('its policy has started it again', async () => {
      const { Status } = (await get('/containers/booted/json')).json().State;
      return Status === 'running';
    });
    assert.equal(mountedAt(mountpoint('booted')), 1);
    await docker('rm', '-f', 'booted');
    assert.equal(await busybox(['-v', 'booted:/v'], 'grep', '-c', ' /v ', '/proc/mounts'), '1');
    assert.equal(mountedAt(mountpoint('booted')), 0);
    await docker('volume', 'rm', 'booted');
  });
});

test('sizes count what is in volumes', async () => {
  await busybox(['-v', 'sized:/v'], 'sh', '-c', 'head -c 5000 /dev/zero >/v/f');
  const { VolumeUsage } = (await get('/system/df?type=volume&verbose=1')).json();
  const [{ UsageData }] = VolumeUsage.Items;
  assert.deepEqual(UsageData, { Size: 5000, RefCount: 0 });
  await docker('volume', 'rm', 'sized');
  assert.throws(() => statSync(mountpoint('sized')), /ENOENT/);
});

/** Containers that change their files into what the daemon should not touch, while it works on them. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { apiClient, errorOf } from './harness/api-client.ts';
import { tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';
import { footprint } from './harness/footprint.ts';
import { swapping } from './harness/swapper.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, remove, create, run, destroy, exec } = apiClient(daemon);
const ok = (...args: string[]) => daemon.ok('barge', args);

/** A daemon that waits for what a container has made would do so for ever. */
const SOON = { timeout: 120_000 };
/** Kilobytes: far less than what the large files here hold. */
const MEMORY = 100 << 10;

const ids = new Map<string, string>();
const upperOf = (name: string) => join(daemon.dataRoot, 'containers', ids.get(name) ?? '', 'upper');

async function start(name: string, body: object = {}): Promise<string> {
  const id = await run(name, body);
  ids.set(name, id);
  return id;
}

/** Which user a process in the container is; found without its account files. */
async function uidOf(name: string, User: string): Promise<number> {
  return Number((await exec(name, ['grep', '^Uid:', '/proc/self/status'], { User })).split('\t')[1]);
}

/** Its directory `path` as its own processes see it. */
async function directoryIn(name: string, path: string): Promise<string> {
  return `/proc/${(await get(`/containers/${name}/json`)).json().State.Pid}/root/${path}`;
}

/** A directory of the host with a file that no container may see, and a link to it that leads out of a chroot. */
function secret(name: string) {
  const directory = daemon.path(name);
  mkdirSync(directory);
  writeFileSync(join(directory, 'secret'), 'the host’s secret');
  return { directory, link: `/proc/${process.pid}/root${directory}` };
}

describe('digits are ids', () => {
  const TRAP = [
    'FROM busybox',
    "RUN printf '1000:x:0:0::/trap:/bin/sh\\napp:x:1000:1001::/srv/app:/bin/sh\\n' >/etc/passwd",
    "RUN printf '50:x:0:\\n1001:x:0:\\nstaff:x:60:app\\n' >/etc/group",
  ];

  async function build(name: string, ...lines: string[]): Promise<void> {
    await daemon.ok('barge', ['build', '-q', '-t', name, '-'], { input: [...TRAP, ...lines].join('\n') });
  }

  test('for run, USER, exec and --group-add', SOON, async () => {
    await build('trap', 'USER 1000:50');
    assert.equal(await ok('run', '--rm', 'trap', 'id', '-u'), '1000');
    assert.equal(await ok('run', '--rm', 'trap', 'id', '-G'), '50');
    assert.equal(
      await ok('run', '--rm', '-u', '1000', 'trap', 'sh', '-c', 'id -G; echo $HOME'),
      '1001 60\n/srv/app',
    );
    assert.equal(
      await ok('run', '--rm', '-u', '1000', '--group-add', '50', 'trap', 'id', '-G'),
      '1001 50 60',
    );
    await start('trapped', { Image: 'trap' });
    for (const [user, expected] of [
      ['1000', '1000 1001'],
      ['1000:1001', '1000 1001'],
      ['app:50', '1000 50'],
      ['', '1000 50'],
    ]) {
      assert.equal(
        await exec('trapped', ['sh', '-c', 'echo $(id -u) $(id -g)'], { User: user }),
        `${expected}\n`,
      );
    }
    await destroy('trapped');
  });

  test('for the instructions of a build', SOON, async () => {
    await build(
      'trap-build',
      'COPY --chown=1000:50 <<x /numbers\nx',
      'COPY --chown=app <<x /name\nx',
      'COPY --chown=app:50 <<x /mixed\nx',
      'USER 1000:50',
      'RUN echo $(id -u) $(id -g) >/tmp/ran',
      'WORKDIR /tmp/made',
    );
    const script = 'cat /tmp/ran; stat -c %u:%g /numbers /name /mixed /tmp/made';
    assert.equal(
      await ok('run', '--rm', 'trap-build', 'sh', '-c', script),
      '1000 50\n1000:50\n1000:1001\n1000:50\n1000:50',
    );
    const unknown = await daemon.barge(['build', '-'], {
      input: 'FROM busybox\nCOPY --chown=ghost <<x /f\nx\n',
    });
    assert.match(unknown.stderr, /no such user: ghost/);
  });
});

describe('account files', () => {
  test('may become fifos, devices and links while processes and health checks start', SOON, async () => {
    const Healthcheck = { Test: ['CMD', 'true'], Interval: 100e6 };
    await start('swaps', { Healthcheck });
    await exec('swaps', [
      'sh',
      '-c',
      'cd /etc; mkfifo fifo; mknod zero c 1 5; ln -s /proc/1/root/dev/zero link; mkdir directory; cp passwd other',
    ]);
    const others = ['fifo', 'other', 'zero', 'other', 'link', 'directory'];
    await using _ = await swapping(await directoryIn('swaps', 'etc'), 'passwd', others);
    for (let i = 0; i < 60; i++) {
      assert.equal(await uidOf('swaps', i % 2 ? '1234:5' : ''), i % 2 ? 1234 : 0);
      const { status } = await post('/containers/swaps/exec', { Cmd: ['true'], User: 'nobody-at-all' });
      assert.equal(status, 400);
      assert.equal((await get('/_ping')).status, 200);
    }
    await eventually(
      'it is healthy',
      async () => (await get('/containers/swaps/json')).json().State.Health.Status === 'healthy',
    );
    await destroy('swaps');
  });

  test('are asked about names that are longer than a control line', SOON, async () => {
    const groups = Array.from({ length: 20 }, (_, i) => `group-with-a-long-name-${i}`);
    const script = `${groups.map((name, i) => `echo ${name}:x:${4000 + i}: >>/etc/group`).join('; ')}; : >/turned; exec sleep 1000`;
    await start('grouped', { Cmd: ['sh', '-c', script] });
    await eventually('they are there', () => readdirSync(upperOf('grouped')).includes('turned'));
    for (const group of groups.slice(0, 2)) {
      assert.equal(
        await exec('grouped', ['id', '-g'], { User: `root:${group}` }),
        `40${group.endsWith('0') ? '00' : '01'}\n`,
      );
    }
    const long = 'n'.repeat(5000);
    assert.match(
      (await post('/containers/grouped/exec', { Cmd: ['true'], User: long })).text,
      /unable to find user/,
    );
    await destroy('grouped');
  });

  test('that a stopped container left as a fifo do not stop its start', SOON, async () => {
    await start('left', {
      Cmd: [
        'sh',
        '-c',
        'rm -f /etc/passwd /etc/group; mkfifo /etc/passwd /etc/group; : >/turned; exec sleep 1000',
      ],
    });
    await eventually('they are fifos', () => readdirSync(upperOf('left')).includes('turned'));
    assert.equal((await post('/containers/left/restart?t=0')).status, 204);
    assert.equal(await uidOf('left', ''), 0);
    assert.equal(
      (
        await daemon.api('/containers/left/archive?path=/tmp&copyUIDGID=1', {
          method: 'PUT',
          body: await tarOf([{ name: 'f', content: 'x' }]),
          headers: { 'Content-Type': 'application/x-tar' },
        })
      ).status,
      200,
    );
    await destroy('left');
  });

  test('of 8 MiB and of 450 MB are not read', SOON, async () => {
    await start('large');
    for (const size of ['8388609', '450M']) {
      await exec('large', ['truncate', '-s', size, '/etc/passwd', '/etc/group']);
      const { before, daemon: peak } = await footprint(daemon, async () => {
        for (let i = 0; i < 5; i++) assert.equal(await uidOf('large', '77'), 77);
        const [status, message] = errorOf(
          await post('/containers/large/exec', { Cmd: ['true'], User: 'nobody' }),
        );
        assert.equal(status, 409);
        assert.match(
          message,
          /unable to look for nobody: \/etc\/passwd of the container is larger than 8 MiB/,
        );
      });
      assert.ok(peak - before < MEMORY, `${before} → ${peak} kB`);
    }
    await destroy('large');
  });
});

describe('files of /etc that the daemon writes', () => {
  test('of 450 MB come up to date unread, and the host’s files are not followed to', SOON, async () => {
    await post('/networks/create', { Name: 'second', Internal: true });
    await start('hosts');
    await exec('hosts', ['truncate', '-s', '450M', '/etc/hosts']);
    const connect = () => post('/networks/second/connect', { Container: 'hosts' });
    const { result, before, daemon: peak } = await footprint(daemon, connect);
    assert.equal(result.status, 200);
    assert.ok(peak - before < MEMORY, `${before} → ${peak} kB`);
    const address = (await get('/containers/hosts/json')).json().NetworkSettings.Networks.second.IPAddress;
    assert.match(await exec('hosts', ['tail', '-n', '1', '/etc/hosts']), new RegExp(`${address}\t`));
    await exec('hosts', ['sh', '-c', 'echo own >/etc/hosts']);
    await post('/networks/second/disconnect', { Container: 'hosts' });
    await connect();
    assert.match(await exec('hosts', ['cat', '/etc/hosts']), /^own\n[0-9.]+\t[0-9a-f]{12}\n$/);
    await destroy('hosts');
    await remove('/networks/second');
  });

  test('are one and the same for containers that share a network', SOON, async () => {
    await start('owner');
    await start('guest', { HostConfig: { NetworkMode: 'container:owner' } });
    await start('third', { HostConfig: { NetworkMode: 'container:guest' } });
    await exec('owner', ['sh', '-c', 'echo 192.0.2.1 told >>/etc/hosts']);
    for (const name of ['guest', 'third'])
      assert.match(await exec(name, ['cat', '/etc/hosts']), /192\.0\.2\.1 told/);
    await destroy('third', 'guest', 'owner');
  });
});

describe('copies', () => {
  const archive = (name: string, path: string) => `/containers/${name}/archive?path=${path}`;
  const put = async (name: string, path: string, file: string) =>
    await daemon.api(archive(name, path), {
      method: 'PUT',
      body: await tarOf([{ name: file, content: 'x' }]),
      headers: { 'Content-Type': 'application/x-tar' },
    });

  test(
    'of a stopped container stay in its volumes while sub-paths become links to the host',
    SOON,
    async () => {
      const { directory } = secret('sub-path');
      await start('mover', { HostConfig: { Binds: ['moved:/v'] } });
      await exec('mover', ['mkdir', '/v/sub']);
      const Mounts = [{ Type: 'volume', Source: 'moved', Target: '/s', VolumeOptions: { Subpath: 'sub' } }];
      await create('reader', { HostConfig: { Mounts } });
      await exec('mover', [
        'sh',
        '-c',
        `ln -s ../../../../../../..${directory} /v/up; ln -s ${directory} /v/absolute`,
      ]);
      await using _ = await swapping(await directoryIn('mover', 'v'), 'sub', ['up', 'absolute']);
      for (let i = 0; i < 60; i++) {
        assert.notEqual((await get(archive('reader', '/s/secret'))).status, 200);
        await put('reader', '/s', 'written');
      }
      assert.deepEqual(readdirSync(directory), ['secret']);
      await destroy('mover', 'reader');
      await remove('/volumes/moved');
    },
  );

  test(
    'make no file of the host where a mount point has become a link that leads nowhere',
    SOON,
    async () => {
      const { directory } = secret('dangling');
      const file = join(directory, 'secret');
      await start('dangling', { HostConfig: { Binds: [`${file}:/a/point`] } });
      await exec('dangling', ['sh', '-c', `mkdir /b; ln -s ${directory}/made /b/point; mv /a /c; mv /b /a`]);
      await post('/containers/dangling/stop?t=0');
      await get(archive('dangling', '/etc'));
      await put('dangling', '/etc', 'written');
      assert.deepEqual(readdirSync(directory), ['secret']);
      await destroy('dangling');
    },
  );

  test('and exports neither wait for fifos nor read what links and devices lead to', SOON, async () => {
    const { link } = secret('packed');
    await start('packed', { HostConfig: { PidMode: 'host' } });
    const script = `mkdir -p /d/g; cd /d; echo fine >f; echo fine >g/secret; mkfifo fifo; mknod zero c 1 5; ln -s ${link} link`;
    await exec('packed', ['sh', '-c', script]);
    const directory = await directoryIn('packed', 'd');
    await using _files = await swapping(directory, 'f', ['fifo', 'zero']);
    await using _directories = await swapping(directory, 'g', ['link']);
    for (let i = 0; i < 40; i++) {
      const { text } = await get(i % 4 ? archive('packed', '/d') : '/containers/packed/export');
      assert.ok(!text.includes('the host’s secret'));
    }
    await post('/commit?container=packed&repo=packed&pause=false');
    await destroy('packed');
  });
});

test('what a container changed is told without looking at files of the host', SOON, async () => {
  const { directory } = secret('diff');
  await daemon.ok('barge', ['build', '-q', '-t', 'linked', '-'], {
    input: `FROM busybox\nRUN ln -s ${directory} /lower\n`,
  });
  await start('diff', { Image: 'linked' });
  await exec('diff', ['sh', '-c', 'rm /lower; mkdir /lower; echo >/lower/secret']);
  await exec('diff', ['sh', '-c', `mkdir -p /e/d; cd /e; ln -s ${directory} link`]);
  await using _ = await swapping(await directoryIn('diff', 'e'), 'd', ['link']);
  for (let i = 0; i < 60; i++) {
    const changes: { Path: string; Kind: number }[] = (await get('/containers/diff/changes')).json();
    assert.deepEqual(
      changes.find(({ Path }) => Path === '/lower/secret'),
      { Path: '/lower/secret', Kind: 1 },
    );
    assert.ok(!changes.some(({ Path }) => /^\/e\/.*secret/.test(Path)));
  }
  await destroy('diff');
});

test('sizes are added up beside directories that lie deeper than a name can say', SOON, async () => {
  const dig =
    'for n in 1 2; do mkdir /t; cd /t; i=0; while [ $i -lt 400 ]; do mkdir 0123456789 && cd -P 0123456789 || break; i=$((i+1)); done; mv /deep . 2>/dev/null; cd /; mv /t /deep; done; head -c 5000 /dev/zero >/file';
  await start('deep');
  await exec('deep', ['sh', '-c', dig]);
  const [{ SizeRw }] = (await get('/containers/json?size=1')).json();
  assert.ok(SizeRw >= 5000);
  await destroy('deep');
});

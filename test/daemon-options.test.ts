/** What barged is told by flags and daemon.json shows in containers, in the API, and after SIGHUP. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ROOT, TestDaemon } from './harness/daemon.ts';
import { withoutDocker } from './harness/docker.ts';
import { eventually, execute } from './harness/execute.ts';
import { freePort } from './harness/ports.ts';

describe('a daemon with settings', { skip: withoutDocker() }, async () => {
  const metrics = await freePort();
  const directory = `/tmp/bt-settings-${process.pid}`;
  const cdi = join(directory, 'cdi');
  mkdirSync(cdi, { recursive: true });
  const file = join(directory, 'daemon.json');
  const write = (more: object) =>
    writeFileSync(
      file,
      JSON.stringify({
        'log-driver': 'local',
        'log-opts': { 'max-size': '2m' },
        'default-ulimits': { nofile: { Name: 'nofile', Soft: 111, Hard: 222 } },
        'default-shm-size': '9m',
        'no-new-privileges': true,
        init: true,
        dns: ['192.0.2.53'],
        'dns-search': ['a.example'],
        runtimes: { mine: { path: '/usr/bin/crun', runtimeArgs: ['--debug'] } },
        'cdi-spec-dirs': [cdi],
        'metrics-addr': `127.0.0.1:${metrics}`,
        labels: ['rack=7'],
        'log-level': 'warn',
        ...more,
      }),
    );
  write({ 'log-level': 'info' });
  const daemon = await TestDaemon.start({ flags: ['--config-file', file, '--containerd', '/run/c.sock'] });
  after(async () => {
    await daemon.end();
    await execute(['rm', '-r', directory]);
  });
  await daemon.makeBusybox();
  const ok = (...args: string[]) => daemon.ok('docker', args);
  const run = (...args: string[]) => ok('run', '--rm', ...args);

  test('containers get the defaults, and what they say themselves instead', async () => {
    assert.equal(await run('busybox', 'sh', '-c', 'ulimit -Sn; ulimit -Hn'), '111\n222');
    assert.equal(await run('--ulimit', 'nofile=50', 'busybox', 'sh', '-c', 'ulimit -Sn'), '50');
    assert.match(await run('busybox', 'df', '-k', '/dev/shm'), /\b9216\b/);
    assert.match(await run('busybox', 'grep', 'NoNewPrivs', '/proc/self/status'), /1$/);
    const free = ['--security-opt', 'no-new-privileges=false'];
    assert.match(await run(...free, 'busybox', 'grep', 'NoNewPrivs', '/proc/self/status'), /0$/);
    assert.match(await run('busybox', 'cat', '/proc/1/comm'), /init/);
    assert.match(
      await run('busybox', 'cat', '/etc/resolv.conf'),
      /nameserver 192\.0\.2\.53\nsearch a\.example/,
    );
    assert.equal(await run('--runtime', 'mine', 'busybox', 'echo', 'a'), 'a');
    const id = await ok('create', 'busybox', 'true');
    assert.deepEqual(JSON.parse(await ok('inspect', '-f', '{{json .HostConfig.LogConfig}}', id)), {
      Type: 'local',
      Config: { 'max-size': '2m' },
    });
    await ok('rm', id);
  });

  test('an exec has them too', async () => {
    await ok('run', '-d', '--name', 'defaults', 'busybox', 'sleep', '1000');
    assert.match(await ok('exec', 'defaults', 'grep', 'NoNewPrivs', '/proc/self/status'), /1$/);
    await ok('rm', '-f', 'defaults');
  });

  test('devices come from the directories that were named', async () => {
    const spec = {
      cdiVersion: '0.6.0',
      kind: 'acme.com/card',
      devices: [
        {
          name: 'a',
          containerEdits: { env: ['CARD=a'], deviceNodes: [{ path: '/dev/acme', hostPath: '/dev/null' }] },
        },
      ],
    };
    writeFileSync(join(cdi, 'acme.json'), JSON.stringify(spec));
    const device = ['--device', 'acme.com/card=a'];
    assert.match(
      await run(...device, 'busybox', 'sh', '-c', 'echo $CARD; echo x > /dev/acme; ls -l /dev/acme'),
      /^a\nc.* 1, +3 /,
    );
  });

  test('info shows them, and the log what has no effect', async () => {
    const info = (await daemon.api('/info')).json();
    assert.deepEqual(info.Labels, ['rack=7']);
    assert.equal(info.LoggingDriver, 'local');
    assert.deepEqual(info.CDISpecDirs, [cdi]);
    assert.ok(info.Runtimes.mine);
    assert.match(daemon.log, /--containerd has no effect/);
  });

  test('metrics are served where they were asked for', async () => {
    const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
    assert.match(text, /^engine_daemon_container_states_containers\{state="running"\} 0$/m);
    assert.match(text, /^process_resident_memory_bytes \d+$/m);
  });

  test('SIGHUP takes new labels, runtimes and registries, and says so as an event', async () => {
    const since = `${Date.now() / 1000 - 1}`;
    write({ 'log-level': 'info', labels: ['rack=8'], 'insecure-registries': ['r.example'] });
    daemon.signal('SIGHUP');
    await eventually('the settings are read again', () => /settings read again/.test(daemon.log));
    const info = (await daemon.api('/info')).json();
    assert.deepEqual(info.Labels, ['rack=8']);
    assert.equal(info.RegistryConfig.IndexConfigs['r.example'].Secure, false);
    const events = await ok(
      'events',
      '--since',
      since,
      '--until',
      `${Date.now() / 1000 + 1}`,
      '--filter',
      'type=daemon',
    );
    assert.match(events, /daemon reload/);
  });

  test('SIGHUP with a broken file changes nothing and ends nothing', async () => {
    writeFileSync(file, '{');
    daemon.signal('SIGHUP');
    await eventually('it is told', () => /settings not read again/.test(daemon.log));
    assert.deepEqual((await daemon.api('/info')).json().Labels, ['rack=8']);
    write({});
  });
});

/** The program as it is installed, by the name of docker's daemon. */
test('suites that start dockerd can start barged', {
  skip: !existsSync(join(ROOT, 'dist/.bundled')),
}, async (t) => {
  const directory = `/tmp/bt-dockerd-${process.pid}`;
  mkdirSync(directory);
  t.after(() => execute(['rm', '-rf', directory]));
  const dockerd = join(directory, 'dockerd');
  symlinkSync(join(ROOT, 'barged'), dockerd);
  assert.match((await execute([dockerd, '--version'])).stdout, /^Docker version /);
  assert.match((await execute([dockerd, '--help'])).stdout, /^Usage: dockerd/);
  assert.equal((await execute([dockerd, '--validate', '--mtu', '1400'])).stdout, 'configuration OK\n');
  const refused = await execute([dockerd, '--userns-remap', 'default']);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^dockerd: --userns-remap is not supported by Barge/);
  const socket = join(directory, 's');
  const args = [
    '--data-root',
    join(directory, 'd'),
    '--exec-root',
    join(directory, 'x'),
    '-H',
    `unix://${socket}`,
  ];
  const more = [
    '-p',
    join(directory, 'pid'),
    '--bridge',
    'none',
    '--cgroup-parent',
    `/bt-dockerd-${process.pid}`,
  ];
  const child = spawn(dockerd, [...args, ...more, '--log-format', 'text', '-s', 'overlay2'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    log += chunk;
  });
  await eventually('it serves', () => existsSync(socket), 20_000);
  await eventually('it is ready', () => /level=info msg="barged is ready"/.test(log));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
});

test('the usual cgroup namespace holds for containers and for the steps of builds', async () => {
  const daemon = await TestDaemon.start({
    flags: ['--default-cgroupns-mode', 'private'],
  });
  try {
    await daemon.makeBusybox();
    const seen = 'cat /proc/self/cgroup';
    assert.doesNotMatch(await daemon.ok('barge', ['run', '--rm', 'busybox', 'sh', '-c', seen]), /\/bt-/);
    const dockerfile = `FROM busybox\nRUN ${seen}\n`;
    const built = await daemon.barge(['build', '--progress', 'plain', '--no-cache', '-'], {
      input: dockerfile,
    });
    assert.equal(built.code, 0, built.stderr);
    assert.match(built.stderr + built.stdout, /\d+:\S*:\//);
    assert.doesNotMatch(built.stderr + built.stdout, /\/bt-/);
  } finally {
    await daemon.end();
  }
});

/** Containers outlive the daemon: killed, stopped or told to read its settings again, it loses nothing. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TestDaemon } from './harness/daemon.ts';
import { eventually, execute } from './harness/execute.ts';
import { askTcp, askUdp, startUdpEcho } from './harness/ports.ts';

const settings = mkdtempSync('/tmp/bt-settings');
const configFile = join(settings, 'daemon.json');
writeFileSync(configFile, '{"log-level": "info"}');
const daemon = await TestDaemon.start({ flags: ['--config-file', configFile] });
after(async () => {
  await daemon.end();
  rmSync(settings, { recursive: true });
});
await daemon.makeBusybox();

const ok = (...args: string[]) => daemon.ok('barge', args);
const remove = (...names: string[]) => ok('rm', '-f', '-v', ...names);

interface Inspect {
  readonly Id: string;
  readonly RestartCount: number;
  readonly State: {
    Status: string;
    Running: boolean;
    Pid: number;
    ExitCode: number;
    FinishedAt: string;
    StartedAt: string;
    Error: string;
  };
  readonly NetworkSettings: { Ports: Record<string, { HostPort: string }[]> };
}

const inspect = async (name: string): Promise<Inspect> =>
  (await daemon.api(`/containers/${name}/json`)).json();
const stateOf = async (name: string) => (await inspect(name)).State;

/** Runs `script` detached in the shell of busybox. */
const detach = (name: string, script: string, ...flags: string[]) =>
  ok('run', '-d', '--name', name, ...flags, 'busybox', 'sh', '-c', script);

async function killAndStartAgain(): Promise<void> {
  assert.equal(await daemon.stop('SIGKILL'), 'SIGKILL');
  await daemon.startAgain();
}

const isAlive = (pid: number) => existsSync(`/proc/${pid}`);

/** Whole numbers from 1 on, one a line, without a hole or a repetition. @returns the last. */
function assertCounts(text: string): number {
  const lines = text.split('\n').filter(Boolean);
  lines.forEach((line, i) => {
    assert.equal(line, `${i + 1}`, `line ${i + 1} of ${lines.length}`);
  });
  return lines.length;
}

const COUNT = 'i=0; while [ $i -lt $N ]; do i=$((i+1)); echo $i; usleep 2000; done; exit 5';

test('a container that runs goes on running, and its output is complete', async () => {
  /* It speaks while the daemon is away, and stays until the next one has looked at it and the session has ended. */
  const script =
    'for i in $(seq 1 400); do echo $i; usleep 1000; done; until [ -e /go ] && [ -e /host/go1 ]; do usleep 1000; done; exit 5';
  await detach('lives', script, '-v', `${daemon.path('')}:/host`);
  const before = await stateOf('lives');
  await eventually('it has begun', async () => (await ok('logs', 'lives')).includes('20'));
  await killAndStartAgain();
  const during = await stateOf('lives');
  assert.equal(during.Pid, before.Pid);
  assert.equal(during.StartedAt, before.StartedAt);
  await ok('exec', 'lives', 'touch', '/go');
  writeFileSync(daemon.path('go1'), '');
  assert.equal((await ok('wait', 'lives')).trim(), '5');
  assert.equal(assertCounts(await ok('logs', 'lives')), 400);
  await remove('lives');
});

test('an exit while the daemon is away is written down with its code and time', async () => {
  await detach(
    'ends',
    'until [ -e /host/go ]; do usleep 10000; done; echo last words; exit 42',
    '-v',
    `${daemon.path('')}:/host`,
  );
  const { Pid } = await stateOf('ends');
  await daemon.stop('SIGKILL');
  const released = Date.now();
  writeFileSync(daemon.path('go'), '');
  await eventually('the process ends', () => !isAlive(Pid));
  const away = Date.now();
  await new Promise((resolve) =>
    setTimeout(resolve, 50),
  ); /* so that a time taken at the restart would be seen */
  await daemon.startAgain();
  const { Status, ExitCode, FinishedAt } = await stateOf('ends');
  assert.deepEqual({ Status, ExitCode }, { Status: 'exited', ExitCode: 42 });
  assert(Date.parse(FinishedAt) >= released - 1 && Date.parse(FinishedAt) <= away + 20, FinishedAt);
  assert.equal(await ok('logs', 'ends'), 'last words');
  await remove('ends');
});

test('published ports answer before, between and after', async () => {
  const serve = 'mkdir /www && echo same page >/www/index.html && exec httpd -f -p 80 -h /www';
  await detach('web', serve, '-p', '127.0.0.1::80', '-p', '7000/udp');
  const { State, NetworkSettings } = await inspect('web');
  const port = Number(NetworkSettings.Ports['80/tcp']?.[0]?.HostPort);
  const udp = Number(NetworkSettings.Ports['7000/udp']?.[0]?.HostPort);
  const get = () => askTcp('127.0.0.1', port, 'GET / HTTP/1.0\r\n\r\n');
  await eventually('httpd listens', () => get().catch(() => undefined));
  const echo = await startUdpEcho(State.Pid, 7000);
  await daemon.stop('SIGKILL');
  assert.match(await get(), /same page/);
  await daemon.startAgain();
  assert.match(await get(), /same page/);
  assert.equal(await askUdp('127.0.0.1', udp, 'x'), 'echo x');
  const clash = await daemon.barge(['run', '--rm', '-p', `127.0.0.1:${port}:80`, 'busybox', 'true']);
  assert.equal(clash.code, 125);
  assert.match(clash.stderr, /already (allocated|in use)/);
  echo.child.kill();
  await echo.done;
  await remove('web');
  await assert.rejects(get(), /ECONNREFUSED/);
});

test('--rm removes what ended while the daemon was away, and later what ends after', async () => {
  await detach(
    'rm-away',
    'until [ -e /host/go2 ]; do usleep 10000; done',
    '--rm',
    '-v',
    `${daemon.path('')}:/host`,
  );
  await detach('rm-later', 'sleep 1000', '--rm');
  const { Pid } = await stateOf('rm-away');
  await daemon.stop('SIGKILL');
  writeFileSync(daemon.path('go2'), '');
  await eventually('the process ends', () => !isAlive(Pid));
  await daemon.startAgain();
  await eventually(
    'rm-away is gone',
    async () => (await daemon.api('/containers/rm-away/json')).status === 404,
  );
  assert.equal((await stateOf('rm-later')).Status, 'running');
  await ok('kill', 'rm-later');
  await eventually(
    'rm-later is gone',
    async () => (await daemon.api('/containers/rm-later/json')).status === 404,
  );
});

test('restart policies do after a restart of the daemon what they say', async () => {
  const wait = 'until [ -e /host/go3 ]; do usleep 10000; done; exit 1';
  const policies = ['no', 'on-failure', 'always', 'unless-stopped'];
  for (const policy of policies) {
    await detach(
      `p-${policy}`,
      `echo run; [ $(wc -c </count) -gt 3 ] && exec sleep 1000; echo x >>/count; ${wait}`,
      '--restart',
      policy,
      '-v',
      `${daemon.path('')}:/host`,
    );
  }
  await ok('run', '-d', '--name', 'stopped', '--restart', 'unless-stopped', 'busybox', 'sleep', '1000');
  await ok('stop', '-t', '0', 'stopped');
  await ok('run', '-d', '--name', 'stopped-always', '--restart', 'always', 'busybox', 'sleep', '1000');
  await ok('stop', '-t', '0', 'stopped-always');
  const pids = await Promise.all(policies.map(async (policy) => (await stateOf(`p-${policy}`)).Pid));
  await daemon.stop('SIGKILL');
  writeFileSync(daemon.path('go3'), '');
  await eventually('all have ended', () => !pids.some(isAlive));
  await daemon.startAgain();
  for (const policy of policies.slice(1)) {
    await eventually(`${policy} runs again`, async () => (await stateOf(`p-${policy}`)).Running);
  }
  await eventually('always starts what was stopped', async () => (await stateOf('stopped-always')).Running);
  assert.equal((await stateOf('p-no')).Status, 'exited');
  assert.equal((await stateOf('stopped')).Status, 'exited');
  await remove(...policies.map((policy) => `p-${policy}`), 'stopped', 'stopped-always');
});

test('input, resize and exec reach a container that an earlier daemon started', async () => {
  await ok('run', '-d', '-i', '--name', 'talks', 'busybox', 'cat');
  await killAndStartAgain();
  const attached = daemon.startBarge(['attach', 'talks']);
  attached.child.stdin?.write('hello again\n');
  await eventually('cat answers', () => attached.stdout() === 'hello again\n');
  assert.equal(await ok('exec', 'talks', 'echo', 'inside'), 'inside');
  await ok('kill', '-s', 'KILL', 'talks');
  assert.equal((await attached.done).code, 137);
  assert.equal(await ok('logs', 'talks'), 'hello again');
  await remove('talks');
});

test('a container that was paused is still paused, and goes on when told', async () => {
  await detach('paused', COUNT, '-e', 'N=100000');
  await ok('pause', 'paused');
  await killAndStartAgain();
  assert.equal((await stateOf('paused')).Status, 'paused');
  await ok('unpause', 'paused');
  const seen = assertCounts(await ok('logs', 'paused'));
  await eventually('it counts on', async () => assertCounts(await ok('logs', 'paused')) > seen);
  await remove('paused');
});

test('SIGTERM ends the daemon with 0 and leaves containers alive', async () => {
  await detach('stays', COUNT, '-e', 'N=300');
  const { Pid } = await stateOf('stays');
  assert.equal(await daemon.stop('SIGTERM'), 0);
  assert(isAlive(Pid));
  assert(!existsSync(join(daemon.directory, 'barged.pid')));
  await daemon.startAgain();
  assert.equal((await ok('wait', 'stays')).trim(), '5');
  assert.equal(assertCounts(await ok('logs', 'stays')), 300);
  await remove('stays');
});

test('SIGHUP reads log level and insecure registries again, and keeps what it had when the file is broken', async () => {
  assert(!daemon.log.includes('"level":20'));
  writeFileSync(configFile, '{"log-level": "debug", "insecure-registries": ["registry.example:5000"]}');
  daemon.signal('SIGHUP');
  await eventually('the settings are read', () => daemon.log.includes('settings read again'));
  const info = (await daemon.api('/info')).json();
  assert('registry.example:5000' in info.RegistryConfig.IndexConfigs, JSON.stringify(info.RegistryConfig));
  await eventually('requests are logged', () => daemon.log.includes('"level":20'));
  writeFileSync(configFile, '{"log-level": ');
  daemon.signal('SIGHUP');
  await eventually('the failure is told', () => /settings not read again: .*daemon\.json/.test(daemon.log));
  assert.equal((await daemon.api('/_ping')).status, 200);
  writeFileSync(configFile, '{}');
});

test('a second daemon on the same data root is refused by name', async () => {
  const program = [process.execPath, 'src/bin/barged.ts'];
  const flags = [
    '--data-root',
    daemon.dataRoot,
    '--exec-root',
    daemon.path('run2'),
    '--host',
    `unix://${daemon.path('s')}`,
  ];
  const { code, stderr } = await execute([...program, ...flags, '--bridge', 'none'], {
    cwd: join(import.meta.dirname, '..'),
  });
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`another barged uses the data root ${daemon.dataRoot}`));
  assert.equal((await daemon.api('/_ping')).status, 200);
});

test('only its owner and its group may use the socket', () => {
  assert.equal(statSync(daemon.socket).mode & 0o777, 0o660);
});

/** What a reboot leaves: no process, no mount, nothing below /run, no cgroup. The data root stays. */
async function reboot(): Promise<void> {
  await daemon.stop('SIGKILL');
  const mine = (pid: string) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      return (
        command.includes(daemon.execRoot) ||
        readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(daemon.cgroup)
      );
    } catch {
      return false; /* it has ended */
    }
  };
  const pids = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name) && mine(name));
  for (const pid of pids()) process.kill(Number(pid), 'SIGKILL');
  await eventually('every process has ended', () => pids().length === 0);
  rmSync(daemon.execRoot, { recursive: true });
  await daemon.startAgain();
}

test('after a reboot the policies decide who runs, and nobody’s end is forgotten', async () => {
  const policies = ['no', 'always', 'unless-stopped', 'on-failure'];
  const sleeper = ['busybox', 'sleep', '1000'];
  for (const policy of policies)
    await ok('run', '-d', '--name', `boot-${policy}`, '--restart', policy, ...sleeper);
  await ok('run', '-d', '--name', 'boot-stopped', '--restart', 'unless-stopped', ...sleeper);
  await ok('stop', '-t', '0', 'boot-stopped');
  await reboot();
  const runs = async (name: string) => (await stateOf(name)).Running;
  for (const policy of policies.slice(1)) {
    await eventually(`${policy} runs again`, () => runs(`boot-${policy}`));
  }
  const { Status, ExitCode, Error: error } = await stateOf('boot-no');
  assert.deepEqual([Status, ExitCode], ['exited', 255]);
  assert.match(error, /ended while the daemon was away/);
  assert.equal(await runs('boot-stopped'), false);
  assert.equal(await ok('exec', 'boot-always', 'echo', 'alive'), 'alive');
  await remove(...policies.map((policy) => `boot-${policy}`), 'boot-stopped');
});

test('a process that would never see the signal is killed at once, and the event says why', async () => {
  const since = `${Date.now() / 1000}`;
  await ok('run', '-d', '--name', 'deaf', 'busybox', 'sleep', '1000');
  await ok('stop', 'deaf');
  assert.equal((await stateOf('deaf')).ExitCode, 137);
  assert.deepEqual(await killsOf('deaf', since), [{ signal: '9', reason: 'pid 1 drops signal 15' }]);
  await remove('deaf');
});

/** Signals that events tell of. */
async function killsOf(name: string, since: string): Promise<{ signal: string; reason?: string }[]> {
  const until = `${Date.now() / 1000 + 1}`;
  const filters = ['--filter', 'event=kill', '--filter', `container=${name}`];
  const events = await ok('events', '--since', since, '--until', until, ...filters, '--format', 'json');
  const lines = events.split('\n').filter(Boolean);
  return lines.map((line) => {
    const { signal, reason } = JSON.parse(line).Actor.Attributes;
    return { signal, ...(reason ? { reason } : {}) };
  });
}

test('a grace period that was asked for is kept, though process 1 cannot see the signal', async () => {
  const flags = ['-v', `${daemon.path('')}:/host`];
  for (const [name, run, stop] of [
    ['graceful-stop', [], ['-t', '1000']],
    ['graceful-run', ['--stop-timeout', '1000'], []],
    ['graceful-forever', ['--stop-timeout', '-1'], []],
  ] as const) {
    const since = `${Date.now() / 1000}`;
    await detach(name, `until [ -e /host/${name} ]; do usleep 10000; done; exit 42`, ...flags, ...run);
    const stopping = daemon.startBarge(['stop', ...stop, name]);
    await eventually('the signal is sent', async () => (await killsOf(name, since)).length > 0);
    writeFileSync(daemon.path(name), '');
    assert.equal((await stopping.done).code, 0, stopping.stderr());
    assert.equal((await stateOf(name)).ExitCode, 42);
    assert.deepEqual(await killsOf(name, since), [{ signal: '15' }]);
    await remove(name);
  }
});

test('the usual grace period is kept while another process of the container may end it', async () => {
  const since = `${Date.now() / 1000}`;
  for (const [name, script] of [
    ['has-child', 'sleep 1000 & echo up; wait'],
    ['has-session', 'echo up; exec sleep 1000'],
  ] as const) {
    await detach(name, script);
    await eventually('it has begun', async () => (await ok('logs', name)) === 'up');
    if (name === 'has-session') await ok('exec', '-d', name, 'sleep', '1001');
    const stopping = daemon.startBarge(['stop', name]);
    await eventually('the signal is sent', async () => (await killsOf(name, since)).length > 0);
    assert.deepEqual((await killsOf(name, since))[0], { signal: '15' });
    await remove(name);
    await stopping.done;
  }
});

test('rm -f does not wait for a stop that waits', async () => {
  await detach('stubborn', 'trap "" TERM; echo up; while true; do sleep 0.1; done');
  await eventually('it has begun', async () => (await ok('logs', 'stubborn')) === 'up');
  const stopping = daemon.startBarge(['stop', '-t', '1000', 'stubborn']);
  await eventually('the stop is under way', async () => {
    const since = `${Date.now() / 1000 - 100}`;
    const until = `${Date.now() / 1000 + 1}`;
    const filter = ['--filter', 'container=stubborn', '--filter', 'event=kill'];
    return (await ok('events', '--since', since, '--until', until, ...filter)) !== '';
  });
  await remove('stubborn');
  await stopping.done;
});

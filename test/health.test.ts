/** Health checks: their states, what they say, and what becomes of them when the daemon is away. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const ok = (...args: string[]) => daemon.ok('barge', args);

const health = async (name: string) => (await daemon.api(`/containers/${name}/json`)).json().State.Health;
const becomes = (name: string, status: string) =>
  eventually(`${name} is ${status}`, async () => (await health(name))?.Status === status);
const QUICK = ['--health-interval', '100ms', '--health-retries', '2'];
const FILE = [...QUICK, '--health-cmd', 'cat /state'];

test('a container becomes healthy, unhealthy and healthy again, and each is an event', async () => {
  const since = `${Date.now() / 1000}`;
  await ok('run', '-d', '--name', 'changing', ...FILE, 'busybox', 'sleep', '1000');
  assert.equal((await health('changing')).Status, 'starting');
  await becomes('changing', 'unhealthy');
  const { FailingStreak, Log } = await health('changing');
  assert.ok(FailingStreak >= 2);
  assert.equal(Log.at(-1).ExitCode, 1);
  assert.match(Log.at(-1).Output, /can't open '\/state'/);
  assert.match(await ok('ps'), /\(unhealthy\)/);
  await ok('exec', 'changing', 'sh', '-c', 'echo fine > /state');
  await becomes('changing', 'healthy');
  assert.equal((await health('changing')).Log.at(-1).Output, 'fine\n');
  assert.equal(
    await ok('ps', '-q', '--no-trunc', '--filter', 'health=healthy'),
    await ok('inspect', '-f', '{{.Id}}', 'changing'),
  );
  const events = await ok(
    'events',
    '--since',
    since,
    '--until',
    `${Date.now() / 1000 + 1}`,
    '--filter',
    'event=health_status',
  );
  assert.deepEqual(
    [...events.matchAll(/health_status: (\w+)/g)].map((m) => m[1]),
    ['unhealthy', 'healthy'],
  );
  await ok('rm', '-f', 'changing');
});

test('failures within the start period do not count', async () => {
  const patient = [...FILE, '--health-start-period', '1000s', '--health-start-interval', '50ms'];
  await ok('run', '-d', '--name', 'patient', ...patient, 'busybox', 'sleep', '1000');
  await eventually(
    'it has failed more often than it may',
    async () => (await health('patient')).Log.length === 5,
  );
  assert.equal((await health('patient')).Status, 'starting');
  await ok('exec', 'patient', 'touch', '/state');
  await becomes('patient', 'healthy');
  await ok('rm', '-f', 'patient');
});

test('a probe that takes too long is killed', async () => {
  const slow = [...QUICK, '--health-cmd', 'sleep 999', '--health-timeout', '200ms'];
  await ok('run', '-d', '--name', 'slow', ...slow, 'busybox', 'sleep', '1000');
  await becomes('slow', 'unhealthy');
  const last = (await health('slow')).Log.at(-1);
  assert.equal(last.ExitCode, -1);
  assert.match(last.Output, /Health check exceeded timeout \(200ms\)/);
  await ok('rm', '-f', 'slow');
});

test('probes go on under the next daemon', async () => {
  await ok('run', '-d', '--name', 'outliving', ...FILE, 'busybox', 'sleep', '1000');
  await becomes('outliving', 'unhealthy');
  await daemon.stop('SIGKILL');
  await daemon.startAgain();
  await ok('exec', 'outliving', 'touch', '/state');
  await becomes('outliving', 'healthy');
  await ok('rm', '-f', 'outliving');
});

test('a check that is switched off is none', async () => {
  await ok('run', '-d', '--name', 'off', '--no-healthcheck', 'busybox', 'sleep', '1000');
  assert.equal(await health('off'), undefined);
  await ok('rm', '-f', 'off');
});

test('what has ended is unhealthy, however it was', async () => {
  await ok('run', '-d', '--name', 'ending', ...QUICK, '--health-cmd', 'true', 'busybox', 'sleep', '1000');
  await becomes('ending', 'healthy');
  await ok('kill', 'ending');
  await becomes('ending', 'unhealthy');
  await ok('rm', 'ending');
});

test('what a probe says is kept up to a limit, and shows that it was cut', async () => {
  const said = async (name: string, bytes: number) => {
    const command = `head -c ${bytes} /dev/zero | tr '\\0' x`;
    await ok('run', '-d', '--name', name, ...QUICK, '--health-cmd', command, 'busybox', 'sleep', '1000');
    await becomes(name, 'healthy');
    const { Output } = (await health(name)).Log.at(-1);
    await ok('rm', '-f', name);
    return Output;
  };
  assert.equal(await said('brief', 4096), 'x'.repeat(4096));
  assert.equal(await said('talkative', 4097), `${'x'.repeat(4096)}...`);
});

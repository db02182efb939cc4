/** A shim that is killed takes nothing along but the exit code: no process lives on unknown, and the container starts again. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { apiClient } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, run, destroy, exec } = apiClient(daemon);

const stateOf = async (name: string) => (await get(`/containers/${name}/json`)).json().State;
const becomes = (name: string, status: string) =>
  eventually(`${name} is ${status}`, async () => (await stateOf(name)).Status === status);
const start = async (name: string) => assert.equal((await post(`/containers/${name}/start`)).status, 204);

/** The shim of a container or a session, by its process: for a moment after the start, that is still its runtime's child. */
function shimOf(pid: number): number | undefined {
  const parent = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  try {
    return /barge-shim/.test(readFileSync(`/proc/${parent}/cmdline`, 'utf8')) ? parent : undefined;
  } catch {
    return undefined;
  }
}

/** Kills a shim. @param pid its process. @returns that. */
async function killShimOf(pid: number): Promise<number> {
  process.kill(await eventually('the shim is the parent', () => shimOf(pid)), 'SIGKILL');
  return pid;
}

/** Whether a process runs; one that only its parent has not noticed yet does not. */
function lives(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

const SLEEPERS = { Cmd: ['sh', '-c', 'sleep 1001 & sleep 1002 & wait'] };

/** Processes of the container's, by what only they are called. */
const sleepers = () =>
  readdirSync('/proc').filter((pid) => {
    try {
      const inContainer = readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(daemon.cgroup);
      return inContainer && lives(Number(pid));
    } catch {
      return false;
    }
  });

test('its processes are ended, and it starts again', async () => {
  await run('lost', SLEEPERS);
  const session = (await post('/containers/lost/exec', { Cmd: ['sleep', '1003'] })).json().Id;
  assert.equal((await post(`/exec/${session}/start`, { Detach: true })).status, 200);
  await killShimOf((await stateOf('lost')).Pid);
  await becomes('lost', 'exited');
  const { ExitCode, Error: error, Pid } = await stateOf('lost');
  assert.deepEqual([ExitCode, Pid], [137, 0]);
  assert.match(error, /the shim has died/);
  assert.deepEqual(sleepers(), []);
  await start('lost');
  assert.equal(await exec('lost', ['echo', 'back']), 'back\n');
  await destroy('lost');
});

test('a paused one is ended, too', async () => {
  await run('lost-paused', SLEEPERS);
  const { Pid } = await stateOf('lost-paused');
  assert.equal((await post('/containers/lost-paused/pause')).status, 204);
  await killShimOf(Pid);
  await becomes('lost-paused', 'exited');
  assert.deepEqual(sleepers(), []);
  await start('lost-paused');
  await destroy('lost-paused');
});

test('its restart policy starts it again', async () => {
  await run('lost-always', { ...SLEEPERS, HostConfig: { RestartPolicy: { Name: 'always' } } });
  const pid = await killShimOf((await stateOf('lost-always')).Pid);
  await eventually('it runs again', async () => {
    const { Status, Pid } = await stateOf('lost-always');
    return Status === 'running' && Pid !== pid;
  });
  assert.equal(lives(pid), false);
  assert.equal(await exec('lost-always', ['echo', 'back']), 'back\n');
  await destroy('lost-always');
});

test('one that goes with its exit is gone', async () => {
  await run('lost-rm', { ...SLEEPERS, HostConfig: { AutoRemove: true } });
  await killShimOf((await stateOf('lost-rm')).Pid);
  await eventually('it is gone', async () => (await get('/containers/lost-rm/json')).status === 404);
  assert.deepEqual(sleepers(), []);
});

test('a session of which the shim is killed ends, and the container goes on', async () => {
  await run('steady', { Cmd: ['sleep', '1000'] });
  const { Id } = (await post('/containers/steady/exec', { Cmd: ['sleep', '1003'] })).json();
  assert.equal((await post(`/exec/${Id}/start`, { Detach: true })).status, 200);
  const session = async () => (await get(`/exec/${Id}/json`)).json();
  const pid = await killShimOf((await session()).Pid);
  await eventually('the session has ended', async () => !(await session()).Running);
  await eventually('its process has ended', () => !lives(pid));
  assert.equal((await stateOf('steady')).Status, 'running');
  await destroy('steady');
});

test('while the daemon is away: after its return the processes are ended, and all start again', async () => {
  await run('away', SLEEPERS);
  await run('away-always', { ...SLEEPERS, HostConfig: { RestartPolicy: { Name: 'always' } } });
  const pids = [(await stateOf('away')).Pid, (await stateOf('away-always')).Pid];
  await daemon.stop('SIGKILL');
  for (const pid of pids) await killShimOf(pid);
  await daemon.startAgain();
  assert.deepEqual(pids.filter(lives), []);
  const { Status, ExitCode, Error: error } = await stateOf('away');
  assert.deepEqual([Status, ExitCode], ['exited', 137]);
  assert.match(error, /the shim died while the daemon was away/);
  await becomes('away-always', 'running');
  await start('away');
  assert.equal(await exec('away', ['echo', 'back']), 'back\n');
  await destroy('away', 'away-always');
  assert.deepEqual(sleepers(), []);
});

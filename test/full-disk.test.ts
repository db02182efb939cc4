/** A data root on a file system of a few megabytes that containers fill: nobody needs space to stop them. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { apiClient } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';

/** Holds a mount namespace with the small file system, for one daemon after the other. */
let holder: ChildProcess | undefined;

function onSmallDisk(dataRoot: string): readonly string[] {
  const mount = 'mkdir -p "$0" && mount -t tmpfs -o size=16m tmpfs "$0" && exec sleep 1000';
  holder ??= spawn('unshare', ['-m', 'sh', '-c', mount, dataRoot], { stdio: 'ignore' });
  const enter = `nsenter -m -t ${holder.pid}`;
  const script = `until ${enter} mountpoint -q "$0"; do sleep 0.01; done; exec ${enter} -- "$@"`;
  return ['sh', '-c', script, dataRoot];
}

const daemon = await TestDaemon.start({ wrapper: onSmallDisk });
after(async () => {
  if (daemon.pid) holder?.kill('SIGKILL'); /* the daemon keeps the namespace as long as it runs */
  await daemon.end().finally(() => holder?.kill('SIGKILL'));
});
const { get, post, remove, run, destroy } = apiClient(daemon);
before(() => daemon.makeBusybox());

const stateOf = async (name: string) => (await get(`/containers/${name}/json`)).json().State;
const becomes = (name: string, status: string) =>
  eventually(`${name} is ${status}`, async () => (await stateOf(name)).Status === status);

/** The files of what was removed go in the background. */
const hasRoomAgain = () =>
  eventually('there is room for another container', async () => {
    const { status } = await post('/containers/create?name=next', { Image: 'busybox' });
    return status === 201;
  });

/** Fills the disk when it is told to, page by page to the last, and again whenever there is room; then says so. */
const FILLER = [
  'until [ -e /dev/shm/go ]; do usleep 1000; done',
  'while :; do',
  '  cat /dev/zero > /large 2>/dev/null; n=0',
  '  while echo x > "/small-$n" 2>/dev/null; do n=$((n+1)); done',
  '  touch /dev/shm/full; usleep 20000',
  'done',
].join('\n');

/** A container that has filled the disk, and keeps it full. */
async function fill(name: string): Promise<void> {
  await run(name, { Cmd: ['sh', '-c', FILLER] });
  const { Pid } = await stateOf(name);
  /* Its start is recorded by now. */
  writeFileSync(`/proc/${Pid}/root/dev/shm/go`, '');
  await eventually('the disk is full', () => {
    const { bavail } = statfsSync(`/proc/${holder?.pid}/root${daemon.dataRoot}`);
    return bavail === 0 && existsSync(`/proc/${Pid}/root/dev/shm/full`);
  });
}

test('what fills the disk can be stopped and removed, and so can others', async () => {
  await run('bystander');
  await run('paused');
  await fill('filler');
  assert.equal((await post('/containers/paused/pause')).status, 204);
  const wait = post('/containers/bystander/wait');
  for (const name of ['bystander', 'paused']) {
    assert.equal((await post(`/containers/${name}/stop?t=1`)).status, 204);
    assert.equal((await stateOf(name)).Status, 'exited');
  }
  assert.equal((await wait).status, 200);
  assert.equal((await post('/containers/filler/kill')).status, 204);
  assert.equal((await stateOf('filler')).ExitCode, 137);
  assert.equal((await remove('/containers/filler?force=1')).status, 204);
  for (const name of ['bystander', 'paused']) {
    assert.equal((await post(`/containers/${name}/start`)).status, 204);
  }
  await destroy('bystander', 'paused');
});

test('rm -f of what fills the disk makes room', async () => {
  await fill('filler');
  assert.equal((await remove('/containers/filler?force=1')).status, 204);
  await hasRoomAgain();
  await destroy('next');
});

test('a restart policy goes on when there is room again', async () => {
  const HostConfig = { RestartPolicy: { Name: 'always' } };
  await run('again', { Cmd: ['sh', '-c', 'echo run >> /runs; sleep 1000'], HostConfig });
  await fill('filler');
  const before = await stateOf('again');
  process.kill(before.Pid, 'SIGKILL');
  await eventually('its run is over', async () => (await stateOf('again')).Pid !== before.Pid);
  await destroy('filler');
  const runsAgain = async () => {
    const { Status, Pid } = await stateOf('again');
    return Status === 'running' && Pid !== before.Pid;
  };
  await eventually('it runs again', runsAgain, 70_000);
  await destroy('again');
});

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(`a daemon starts on a full disk after ${signal}, and knows how containers have ended`, async () => {
    await run('ends', { Cmd: ['sleep', '1000'] });
    await fill('filler');
    const { Pid } = await stateOf('ends');
    await daemon.stop(signal);
    /* The daemon's own files that it removes at its end, and its reserve: the container has taken their room, too. */
    const root = `/proc/${holder?.pid}/root${daemon.dataRoot}`;
    rmSync(`${root}/barge.db-reserve`, { force: true });
    await eventually('the disk is full', () => statfsSync(root).bavail === 0);
    process.kill(Pid, 'SIGKILL');
    await daemon.startAgain();
    await becomes('ends', 'exited');
    assert.equal((await stateOf('ends')).ExitCode, 137);
    assert.equal((await stateOf('filler')).Status, 'running');
    await destroy('filler', 'ends');
    await hasRoomAgain();
    assert.equal((await post('/containers/next/start')).status, 204);
    await destroy('next');
  });
}

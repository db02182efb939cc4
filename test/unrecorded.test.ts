/**
 * While the database takes nothing about containers, as on a full or broken disk: signals come first, what is so is true, and
 * is recorded as soon as that is possible. A trigger in the daemon's database refuses the writes.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, afterEach, test } from 'node:test';
import { apiClient } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, remove, create, run, destroy } = apiClient(daemon);

function sql(...statements: string[]): void {
  const db = new DatabaseSync(join(daemon.dataRoot, 'barge.db'));
  db.exec('PRAGMA busy_timeout = 5000');
  for (const statement of statements) db.exec(statement);
  db.close();
}

const TRIGGERS = ['UPDATE', 'DELETE'] as const;

/** From here on nothing about containers can be written. */
const breakDisk = () =>
  sql(
    ...TRIGGERS.map(
      (verb) =>
        `CREATE TRIGGER broken_${verb} BEFORE ${verb} ON containers BEGIN SELECT RAISE(ABORT, 'broken disk'); END`,
    ),
  );
const mendDisk = () => sql(...TRIGGERS.map((verb) => `DROP TRIGGER IF EXISTS broken_${verb}`));
afterEach(mendDisk);

function storedStatus(name: string): string {
  const db = new DatabaseSync(join(daemon.dataRoot, 'barge.db'), { readOnly: true });
  const row = db.prepare("SELECT state ->> '$.status' AS status FROM containers WHERE name = ?").get(name);
  db.close();
  return String(row?.status);
}

const stateOf = async (name: string) => (await get(`/containers/${name}/json`)).json().State;
const isRecorded = (name: string, status: string) =>
  eventually(`${name} is recorded as ${status}`, () => storedStatus(name) === status);

/** Processes in this daemon's control groups. */
const processes = () =>
  readdirSync('/proc').filter((pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      return (
        readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(daemon.cgroup) && !/^State:\s+Z/m.test(status)
      );
    } catch {
      return false;
    }
  });

test('a start that cannot be recorded ends its process, and says why', async () => {
  await create('unrecorded', { HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '' }] } } });
  breakDisk();
  const { status, text } = await post('/containers/unrecorded/start');
  assert.equal(status, 500);
  assert.match(text, /cannot be recorded: broken disk/);
  assert.deepEqual(processes(), []);
  assert.equal((await stateOf('unrecorded')).Status, 'created');
  mendDisk();
  assert.equal((await post('/containers/unrecorded/start')).status, 204);
  await destroy('unrecorded');
});

test('a process that a daemon died before recording is ended by the next', async () => {
  const id = await run('unknown');
  const { Pid } = await stateOf('unknown');
  assert.equal(await daemon.stop('SIGKILL'), 'SIGKILL');
  sql(`UPDATE containers SET state = json_set(state, '$.status', 'created') WHERE id = '${id}'`);
  await daemon.startAgain();
  assert.equal(existsSync(`/proc/${Pid}`), false);
  assert.deepEqual(processes(), []);
  assert.equal((await stateOf('unknown')).Status, 'created');
  await destroy('unknown');
});

test('stop, kill and the end of a container are true, and are recorded later', async () => {
  await run('stopped');
  await run('killed');
  breakDisk();
  const wait = post('/containers/stopped/wait');
  assert.equal((await post('/containers/stopped/stop?t=1')).status, 204);
  assert.equal((await wait).status, 200);
  assert.equal((await post('/containers/killed/kill')).status, 204);
  assert.deepEqual(processes(), []);
  for (const name of ['stopped', 'killed']) {
    assert.equal((await stateOf(name)).Status, 'exited');
    assert.equal(storedStatus(name), 'running');
  }
  mendDisk();
  await isRecorded('stopped', 'exited');
  await isRecorded('killed', 'exited');
  await destroy('stopped', 'killed');
});

test('pause and unpause leave kernel and record agreed, across daemons too', async () => {
  await run('frozen');
  breakDisk();
  assert.equal((await post('/containers/frozen/pause')).status, 204);
  assert.equal((await stateOf('frozen')).Paused, true);
  await daemon.stop('SIGKILL');
  mendDisk();
  assert.equal(storedStatus('frozen'), 'running');
  await daemon.startAgain();
  assert.equal((await stateOf('frozen')).Paused, true);
  breakDisk();
  assert.equal((await post('/containers/frozen/unpause')).status, 204);
  assert.equal((await stateOf('frozen')).Paused, false);
  mendDisk();
  await isRecorded('frozen', 'running');
  await destroy('frozen');
});

test('rm -f kills at once; what cannot be removed is dead, and is removed when that is possible', async () => {
  await run('stubborn');
  breakDisk();
  const { status, text } = await remove('/containers/stubborn?force=1');
  assert.equal(status, 500);
  assert.match(text, /cannot be recorded/);
  assert.deepEqual(processes(), []);
  assert.equal((await stateOf('stubborn')).Dead, true);
  assert.match((await post('/containers/stubborn/start')).text, /marked for removal/);
  mendDisk();
  assert.equal((await remove('/containers/stubborn')).status, 204);
  assert.equal((await get('/containers/stubborn/json')).status, 404);
});

test('a restart policy goes on when the disk is mended', async () => {
  const RestartPolicy = { Name: 'always' };
  await run('again', { Cmd: ['sh', '-c', 'usleep 100000; exit 3'], HostConfig: { RestartPolicy } });
  breakDisk();
  await eventually('it waits for its restart', async () => (await stateOf('again')).Status === 'restarting');
  await eventually('a start has failed', async () =>
    /cannot be recorded/.test((await stateOf('again')).Error),
  );
  mendDisk();
  const { StartedAt } = await stateOf('again');
  await eventually('it runs again', async () => {
    const state = await stateOf('again');
    return state.StartedAt !== StartedAt && state.Error === '';
  });
  await destroy('again');
});

test('a daemon starts although it cannot record an end, and loses no exit code', async () => {
  await run('late', { Cmd: ['sh', '-c', 'until [ -e /go ]; do usleep 10000; done; exit 7'] });
  const { Pid } = await stateOf('late');
  await daemon.stop('SIGKILL');
  breakDisk();
  process.kill(Pid, 'SIGKILL');
  await daemon.startAgain();
  assert.deepEqual([(await stateOf('late')).Status, (await stateOf('late')).ExitCode], ['exited', 137]);
  assert.equal(storedStatus('late'), 'running');
  /* An ordinary end of the daemon keeps the exit record as well. */
  assert.equal(await daemon.stop('SIGTERM'), 0);
  await daemon.startAgain();
  assert.equal((await stateOf('late')).ExitCode, 137);
  assert.equal((await stateOf('late')).Error, '');
  mendDisk();
  await isRecorded('late', 'exited');
  await destroy('late');
});

test('a container with a health check survives results that cannot be recorded', async () => {
  const Healthcheck = { Test: ['CMD', 'true'], Interval: 50_000_000 };
  await run('probed', { Healthcheck });
  breakDisk();
  await eventually('it is healthy', async () => (await stateOf('probed')).Health.Status === 'healthy');
  await destroyAfterMending('probed');
});

async function destroyAfterMending(name: string): Promise<void> {
  mendDisk();
  await destroy(name);
}

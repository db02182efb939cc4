/** A daemon that may start no further process, or has no descriptors left: requests fail clearly, and nothing else does. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { errnoOf } from '../src/core/errors.ts';
import { LinuxCgroups } from '../src/host/linux/cgroups.ts';
import { apiClient } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';

const daemon = await TestDaemon.start();
after(async () => {
  /* A directory whose removal failed for want of a descriptor is removed at the next start. */
  await daemon.stop('SIGTERM');
  await daemon.end();
});
await daemon.makeBusybox();
const { get, post, run, destroy, exec } = apiClient(daemon);
const before = daemon.pid;

const CREATED = { Image: 'busybox', Cmd: ['sleep', '1000'] };
/** What a request that a limit has stopped may say. */
const CLEAR = /cannot start a process|too many open files/;

interface Failure {
  readonly status: number;
  readonly message: string;
}

/** Sends a request that may fail for want of a process, or of a descriptor for its connection. @returns the failure, if any. */
async function attempt(path: string, body?: unknown): Promise<Failure | undefined> {
  try {
    const { status, text } = await post(path, body);
    return status < 400 ? undefined : { status, message: JSON.parse(text).message };
  } catch (error) {
    assert.match(String(error), /ECONNRESET|EPIPE|socket hang up|closed/);
    return { status: 0, message: 'cannot start a process: no connection' };
  }
}

/** Everything works again, in the same daemon, and what ran before has not noticed. */
async function assertWell(): Promise<void> {
  assert.equal(daemon.pid, before);
  assert.equal((await get('/_ping')).status, 200);
  assert.equal(await exec('steady', ['echo', 'here']), 'here\n');
  await run('fresh', { Cmd: ['true'] });
  assert.equal((await post('/containers/fresh/wait')).json().StatusCode, 0);
  await destroy('fresh');
  assert.doesNotMatch(daemon.log, /uncaught|unhandled|Cannot read properties/);
}

/** Starts containers, sessions and copies while `limit` says how many further processes or descriptors there may be. */
async function starve(most: number, limit: (more: number) => void, relieve: () => void): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (let more = 0; more <= most; more++) {
    const name = `starved-${more}`;
    assert.equal((await post(`/containers/create?name=${name}`, CREATED)).status, 201);
    const session = (await post('/containers/steady/exec', { Cmd: ['true'] })).json().Id;
    limit(more);
    const found = [
      await attempt(`/containers/create?name=${name}-also`, CREATED),
      await attempt(`/containers/${name}/start`),
      await attempt(`/exec/${session}/start`, { Detach: true }),
    ];
    relieve();
    failures.push(...found.filter((failure) => failure !== undefined));
    const { Status } = (await get(`/containers/${name}/json`)).json().State;
    if (found[1]?.status) {
      assert.ok(['created', 'exited'].includes(Status), `${name} is ${Status} after ${found[1].message}`);
      const { status, text } = await post(`/containers/${name}/start`);
      assert.equal(status, 204, `${text} after ${found[1].message}`);
    }
    await destroy(name);
    if ((await get(`/containers/${name}-also/json`)).status === 200) await destroy(`${name}-also`);
  }
  return failures;
}

function assertClear(failures: readonly Failure[]): void {
  for (const { status, message } of failures) {
    assert.match(message, CLEAR);
    assert.doesNotMatch(message, /undefined/);
    assert.ok([0, 500, 503].includes(status), `${status} ${message}`);
  }
  assert.ok(failures.length > 0, 'the limit was never met');
  for (const { message } of failures.filter(({ status }) => status === 503))
    assert.match(message, /cannot start a process: .*(raise|close)/);
}

test('without leave for another process, a request that needs one fails and names the limit', async (t) => {
  await run('steady', { Cmd: ['sleep', '1000'] });
  t.after(() => destroy('steady'));
  const { layout } = new LinuxCgroups();
  const root = layout === 'v2' ? '/sys/fs/cgroup' : '/sys/fs/cgroup/pids';
  const own = join(root, `${daemon.cgroup}-daemon`);
  const home = join(root, pidsCgroupOf(before), 'cgroup.procs');
  mkdirSync(own);
  t.after(async () => {
    await eventually('the cgroup is empty', () => {
      for (const pid of pidsIn(own)) move(pid, home);
      return pidsIn(own).length === 0;
    });
    rmdirSync(own);
  });
  writeFileSync(join(own, 'cgroup.procs'), `${before}`);
  const current = () => Number(readFileSync(join(own, 'pids.current'), 'utf8'));
  const failures = await starve(
    6,
    (more) => writeFileSync(join(own, 'pids.max'), `${current() + more}`),
    () => writeFileSync(join(own, 'pids.max'), 'max'),
  );
  assertClear(failures);
  assert.ok(failures.some(({ message }) => /TasksMax.*EAGAIN/.test(message)));
  await assertWell();
});

function pidsCgroupOf(pid: number): string {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n');
  const line = lines.find((one) => one.includes(':pids:') || one.startsWith('0::')) ?? '';
  return line.split(':')[2] ?? '';
}

/** Into the cgroup of a `cgroup.procs`, unless the process has ended. */
function move(pid: string, procs: string): void {
  try {
    writeFileSync(procs, pid);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

const pidsIn = (cgroup: string) =>
  readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);

/** The RLIMIT_NOFILE with which the daemon could open so many further descriptors. */
function limitLeaving(more: number): number {
  const open = new Set(readdirSync(`/proc/${before}/fd`).map(Number));
  let free = 0;
  for (let fd = 0; ; fd++) {
    if (!open.has(fd) && free++ === more) return fd;
  }
}

test('without descriptors, a request that needs some fails and names the limit', async (t) => {
  await run('steady', { Cmd: ['sleep', '1000'] });
  t.after(() => destroy('steady'));
  const limit = (text: string) => execFileSync('prlimit', ['--pid', `${before}`, `--nofile=${text}`]);
  const [, soft = '', hard = ''] =
    /^Max open files\s+(\d+)\s+(\d+)/m.exec(readFileSync(`/proc/${before}/limits`, 'utf8')) ?? [];
  const failures = await starve(
    14,
    (more) => limit(`${limitLeaving(more)}:${hard}`),
    () => limit(`${soft}:${hard}`),
  );
  assertClear(failures);
  await assertWell();
});

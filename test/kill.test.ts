/**
 * barged is killed at random moments under a load of run, exec, logs and stop: nothing that was promised is lost.
 * BARGE_TEST_ROUNDS says how many times (6 without it).
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FrameReader } from '../src/container/frames.ts';
import { openApi } from './harness/api.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually, execute } from './harness/execute.ts';

const ROUNDS = Number(process.env.BARGE_TEST_ROUNDS ?? 6);
const LINES = 40;

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();

interface Promised {
  readonly id: string;
  readonly number: number;
  /** What the daemon has confirmed of it. */
  confirmed: 'created' | 'started' | 'stopped';
}

const promised: Promised[] = [];
let next = 0;

const post = (path: string, body?: unknown) =>
  daemon.api(path, { method: 'POST', ...(body === undefined ? {} : { body }) });

async function create(command: string): Promise<Promised> {
  const number = next++;
  const body = { Image: 'busybox', Cmd: ['sh', '-c', command.replaceAll('NUMBER', `${number}`)] };
  const response = await post(`/containers/create?name=k${number}`, body);
  assert.equal(response.status, 201, response.text);
  const found: Promised = { id: response.json().Id, number, confirmed: 'created' };
  promised.push(found);
  return found;
}

async function start(container: Promised): Promise<void> {
  const { status, text } = await post(`/containers/${container.id}/start`);
  assert.equal(status, 204, text);
  container.confirmed = 'started';
}

const exitCodeOf = (number: number) => number % 100;
const TALK = `i=0; while [ $i -lt ${LINES} ]; do i=$((i+1)); echo NUMBER-$i; done; exit $((NUMBER % 100))`;

/** Each ends with a failure when the daemon goes; the caller begins it again. */
const LOADS: readonly (() => Promise<void>)[] = [
  async () => await start(await create(TALK)),
  async () => await start(await create(`sleep 0.2; ${TALK}`)),
  async () => {
    const container = await create('trap "" USR1; sleep 1000');
    await start(container);
    const { status, text } = await post(`/containers/${container.id}/stop?t=0`);
    assert.equal(status, 204, text);
    container.confirmed = 'stopped';
  },
  async () => {
    const { Id: exec } = (
      await post('/containers/steady/exec', {
        Cmd: ['sh', '-c', 'seq 1 100; exit 7'],
        AttachStdout: true,
      })
    ).json();
    const said = await output(
      await openApi(daemon.socket, { method: 'POST', path: `/exec/${exec}/start`, body: {} }),
    );
    assert.equal(said, Array.from({ length: 100 }, (_, i) => `${i + 1}\n`).join(''));
  },
  async () => {
    const following = await openApi(daemon.socket, {
      path: '/containers/steady/logs?stdout=1&follow=1&tail=5',
    });
    for await (const _ of following) await sleep(1);
  },
];

async function output(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  const reader = new FrameReader((_, chunk) => {
    text += chunk;
  });
  for await (const chunk of stream) reader.push(chunk);
  return text;
}

/** Failures while the daemon is away are what the test is about; others are not. */
function isBroken(error: unknown): boolean {
  return /ECONN|EPIPE|ENOENT|socket hang up|aborted|terminated/.test(
    `${(error as { code?: string }).code} ${error}`,
  );
}

async function underLoad(kill: () => Promise<void>): Promise<void> {
  let over = false;
  const running = LOADS.map(async (load) => {
    while (!over) {
      try {
        await load();
      } catch (error) {
        if (!isBroken(error)) throw error;
        return;
      }
    }
  });
  const killed = kill().then(() => {
    over = true;
  });
  await Promise.all([killed, ...running]);
}

async function logsOf(id: string): Promise<string> {
  return await output(await openApi(daemon.socket, { path: `/containers/${id}/logs?stdout=1&stderr=1` }));
}

async function checkPromise({ id, number, confirmed }: Promised): Promise<void> {
  const inspect = async () => (await daemon.api(`/containers/${id}/json`)).json();
  assert.equal((await inspect()).Id, id, 'the container is still known');
  if (confirmed === 'created') return;
  if (confirmed === 'stopped') {
    const { Status, ExitCode } = (await inspect()).State;
    assert.deepEqual([Status, ExitCode], ['exited', 137]);
    return;
  }
  if ((await inspect()).Args[1].includes('sleep 1000')) return;
  await eventually(`container ${number} ends`, async () => (await inspect()).State.Status === 'exited');
  assert.equal((await inspect()).State.ExitCode, exitCodeOf(number));
  const expected = Array.from({ length: LINES }, (_, i) => `${number}-${i + 1}\n`).join('');
  assert.equal(await logsOf(id), expected);
}

/** With no container left there are only the daemon's own things. */
async function assertOnlyPool(): Promise<void> {
  const shims = await eventually('no shim is left', async () => {
    const { stdout } = await execute(['pgrep', '-f', `barge-shim.*${daemon.directory}`]);
    return stdout === '' ? 'none' : undefined;
  });
  assert.equal(shims, 'none');
  await eventually(
    'directories are empty',
    () => readdirSync(join(daemon.dataRoot, 'containers')).length === 0,
  );
  const runDirectories = () => readdirSync(daemon.execRoot).filter((name) => /^[0-9a-f]{20}$/.test(name));
  await eventually('run directories are gone', () => runDirectories().length === 0);
  const sandboxes = () => readdirSync('/run/netns').filter((name) => name.startsWith(`${daemon.bridge}-`));
  /* Some are made ahead of need. */
  await eventually('only the pool’s namespaces are left', () => sandboxes().length <= 8);
  const mounts = await execute(['grep', '-c', daemon.directory, '/proc/self/mounts']);
  assert.equal(mounts.stdout.trim(), '0');
}

test(`${ROUNDS} kills of the daemon under load`, { timeout: 600_000 }, async () => {
  const count = 'i=0; while true; do i=$((i+1)); echo $i; sleep 0.01; done';
  await daemon.ok('barge', ['run', '-d', '--name', 'steady', 'busybox', 'sh', '-c', count]);
  for (let round = 0; round < ROUNDS; round++) {
    await underLoad(async () => {
      await sleep(Math.random() * 700);
      await daemon.stop('SIGKILL');
    });
    await daemon.startAgain();
    assert.equal((await daemon.api('/containers/steady/json')).json().State.Running, true);
  }
  for (const container of promised) await checkPromise(container);
  const numbers = (await logsOf('steady')).trim().split('\n').map(Number);
  assert.deepEqual(
    numbers,
    Array.from(numbers, (_, i) => i + 1),
    'no line of a log is missing or doubled',
  );
  const list = (await daemon.api('/containers/json?all=1')).json() as { Id: string; State: string }[];
  await Promise.all(list.map(({ Id }) => daemon.api(`/containers/${Id}?force=1`, { method: 'DELETE' })));
  await assertOnlyPool();
});

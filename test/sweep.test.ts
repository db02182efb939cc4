/** What a daemon clears away when it starts is what was there before it: nothing that it has started itself. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { apiClient } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';

const FILES = 20_000;

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, run, destroy } = apiClient(daemon);

const inspect = async (name: string) => (await get(`/containers/${name}/json`)).json();

/** A container's directory whose removal was interrupted, large enough to take a while. */
function leaveHalfRemoved(): string {
  const directory = join(daemon.dataRoot, 'containers', 'f'.repeat(64));
  for (let i = 0; i < FILES; i++) {
    const parent = join(directory, 'upper', `${i % 40}`);
    if (i < 40) mkdirSync(parent, { recursive: true });
    writeFileSync(join(parent, `${i}`), '');
  }
  return directory;
}

test('a restart policy’s container that starts while much is removed lives', async () => {
  const HostConfig = { RestartPolicy: { Name: 'always' } };
  const names = ['ended', 'waiting'];
  for (const name of names) await run(name, { HostConfig });
  const pids = await Promise.all(names.map(async (name) => (await inspect(name)).State.Pid as number));
  await daemon.stop('SIGKILL');
  const half = leaveHalfRemoved();
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await daemon.startAgain();
  assert.equal(existsSync(half), false);
  for (const name of names) {
    await eventually(`${name} runs`, async () => (await inspect(name)).State.Status === 'running');
    assert.equal((await inspect(name)).RestartCount, 1, `${name} was started once`);
  }
  await destroy(...names);
});

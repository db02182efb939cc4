/** `rm -f` of what runs, is paused, or ends just then: 204, and nothing is left. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { apiClient } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';

const ROUNDS = Number(process.env.BARGE_TEST_ROUNDS ?? 30);

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, remove, run } = apiClient(daemon);

/** Several at once: the kernel is then slower to freeze and to let go. */
async function rounds(what: string, round: (name: string) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < ROUNDS) await round(`${what}-${next++}`);
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
}

const gone = async (name: string) => {
  const { status, text } = await remove(`/containers/${name}?force=1&v=1`);
  assert.equal(status, 204, text);
  assert.equal((await get(`/containers/${name}/json`)).status, 404);
};

test('a paused container', async () => {
  await rounds('paused', async (name) => {
    await run(name, { Cmd: ['sh', '-c', 'sleep 1001 & sleep 1002 & while :; do usleep 1000; done'] });
    assert.equal((await post(`/containers/${name}/pause`)).status, 204);
    await gone(name);
  });
});

test('a container that is being stopped, without waiting for its grace period', async () => {
  await rounds('stopping', async (name) => {
    await run(name, { Cmd: ['sh', '-c', 'trap "" TERM; while :; do usleep 1000; done'] });
    const stop = post(`/containers/${name}/stop?t=100`);
    await gone(name);
    assert([204, 304, 404].includes((await stop).status));
  });
});

test('a container that ends just then, or is removed with its end', async () => {
  await rounds('ending', async (name) => {
    const AutoRemove = name.endsWith('1');
    await run(name, { Cmd: ['usleep', '20000'], HostConfig: { AutoRemove } });
    const { status, text } = await remove(`/containers/${name}?force=1`);
    assert(status === 204 || (AutoRemove && [404, 409].includes(status)), text);
  });
});

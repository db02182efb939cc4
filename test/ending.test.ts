/** Whatever is asked of a container while it ends gets an answer, and that is never the daemon's failure. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Answer } from './harness/api.ts';
import { apiClient } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';

const ROUNDS = Number(process.env.BARGE_TEST_ROUNDS ?? 4);

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, create } = apiClient(daemon);

type Ask = (id: string) => Promise<Answer>;

const OPERATIONS: Readonly<Record<string, Ask>> = {
  commit: (id) => post(`/commit?container=${id}&pause=1`, {}),
  stats: (id) => get(`/containers/${id}/stats?stream=0&one-shot=1`),
  top: (id) => get(`/containers/${id}/top`),
  pause: (id) => post(`/containers/${id}/pause`),
  unpause: (id) => post(`/containers/${id}/unpause`),
  update: (id) =>
    post(`/containers/${id}/update`, {
      Memory: 64 << 20,
      MemorySwap: 128 << 20,
      CpuShares: 512,
      PidsLimit: 99,
    }),
  kill: (id) => post(`/containers/${id}/kill?signal=USR1`),
  resize: (id) => post(`/containers/${id}/resize?h=10&w=10`),
  changes: (id) => get(`/containers/${id}/changes`),
  inspect: (id) => get(`/containers/${id}/json?size=1`),
  logs: (id) => get(`/containers/${id}/logs?stdout=1`),
  exec: async (id) => {
    const made = await post(`/containers/${id}/exec`, { Cmd: ['true'] });
    return made.status === 201 ? await post(`/exec/${made.json().Id}/start`, { Detach: true }) : made;
  },
};

/** Asks again and again from before the end on until the container has ended, or gone. */
async function askUntilOver(id: string, ask: Ask, isOver: () => boolean): Promise<Answer[]> {
  const responses: Answer[] = [];
  while (!isOver()) responses.push(await ask(id));
  return [...responses, await ask(id)];
}

for (const [name, ask] of Object.entries(OPERATIONS)) {
  test(`${name} while a container ends, or is removed with its end`, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const HostConfig = { AutoRemove: round % 2 === 1 };
      const Cmd = ['sh', '-c', 'echo changed > /file; usleep 30000'];
      const id = await create(`${name}-${round}`, { Cmd, HostConfig });
      let over = false;
      const ended = post(`/containers/${id}/wait?condition=next-exit`).finally(() => {
        over = true;
      });
      assert.equal((await post(`/containers/${id}/start`)).status, 204);
      const askers = [1, 2].map(() => askUntilOver(id, ask, () => over));
      if (name === 'pause') askers.push(askUntilOver(id, OPERATIONS.unpause as Ask, () => over));
      const responses = (await Promise.all(askers)).flat();
      await ended;
      const failures = responses.filter(({ status }) => status >= 500);
      assert.deepEqual(
        failures.map(({ text }) => text),
        [],
      );
      await daemon.api(`/containers/${id}?force=1`, { method: 'DELETE' });
    }
  });
}

test('none of it is in the log as a failure of the daemon', () => {
  const lines = daemon.log.split('\n').filter((line) => /"level":(50|60)|unhandled/.test(line));
  assert.deepEqual(lines, []);
});

/** Copies from and to a container that ends meanwhile: a file that is there is found, and comes whole. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Answer } from './harness/api.ts';
import { apiClient } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';
import { rawTar } from './harness/raw-tar.ts';

const ROUNDS = Number(process.env.BARGE_TEST_ROUNDS ?? 8);

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, create, destroy } = apiClient(daemon);

let sent = 0;
/** Every copy brings a file of its own: two that bring the same at once are in each other's way. */
const put = (id: string, path: string) =>
  daemon.api(`/containers/${id}/archive?path=${path}`, {
    method: 'PUT',
    body: rawTar({ name: `sent-${sent++}`, content: Buffer.alloc(300_000, 'sent') }),
  });

const SIZE = 3_000_000;
/** Writes files into its layer and into its volume, and ends soon. */
const WRITES = `for d in /layer /volume; do mkdir -p $d; head -c ${SIZE} /dev/zero > $d/file; done; usleep 40000`;

const COPIES: Readonly<Record<string, (id: string) => Promise<Answer>>> = {
  'from the layer': (id) => get(`/containers/${id}/archive?path=/layer/file`),
  'from a volume': (id) => get(`/containers/${id}/archive?path=/volume/file`),
  'to the layer': (id) => put(id, '/layer'),
  'to a volume': (id) => put(id, '/volume'),
  'of everything': (id) => get(`/containers/${id}/export`),
};

function assertWhole(what: string, { status, text }: Answer): void {
  assert.equal(status, 200, `${what}: ${status} ${text.slice(0, 200)}`);
  if (what.startsWith('from')) assert(text.length > SIZE, `${what}: ${text.length} bytes`);
}

for (const [what, copy] of Object.entries(COPIES)) {
  test(`a copy ${what}`, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const name = `${what.replaceAll(' ', '-')}-${round}`;
      const id = await create(name, {
        Cmd: ['sh', '-c', WRITES],
        HostConfig: { Mounts: [{ Type: 'volume', Target: '/volume' }] },
      });
      let over = false;
      const ended = post(`/containers/${id}/wait?condition=next-exit`).finally(() => {
        over = true;
      });
      assert.equal((await post(`/containers/${id}/start`)).status, 204);
      const isThere = async () => (await COPIES['from a volume']?.(id))?.text.length ?? 0;
      while ((await isThere()) < SIZE && !over);
      const copies: Promise<Answer>[] = [];
      while (!over) {
        copies.push(copy(id));
        await copies.at(-2);
      }
      copies.push(copy(id));
      for (const answer of await Promise.all(copies)) assertWhole(what, answer);
      await ended;
      await destroy(name);
    }
  });
}

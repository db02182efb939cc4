/** A container that ends while it joins or leaves a network: whichever comes first, nothing of it stays on the network. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { apiClient } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';

const ROUNDS = Number(process.env.BARGE_TEST_ROUNDS ?? 12);

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, remove, create, destroy } = apiClient(daemon);

const stateOf = async (name: string) => (await get(`/containers/${name}/json`)).json();

async function assertNothingStays(name: string, network: string): Promise<void> {
  const { State, NetworkSettings } = await stateOf(name);
  assert.equal(State.Status, 'exited');
  assert.deepEqual([NetworkSettings.SandboxKey, NetworkSettings.Ports], ['', {}]);
  for (const { EndpointID, IPAddress } of Object.values(NetworkSettings.Networks) as Record<
    string,
    string
  >[]) {
    assert.deepEqual([EndpointID, IPAddress], ['', '']);
  }
  assert.deepEqual((await get(`/networks/${network}`)).json().Containers, {});
}

/** The addresses of a small subnet run out if endpoints stay behind. */
async function makeNetwork(name: string): Promise<void> {
  const third = Number.parseInt(daemon.bridge.slice(2, 4), 16);
  const IPAM = { Config: [{ Subnet: `10.60.${third}.0/28` }] };
  assert.equal((await post('/networks/create', { Name: name, IPAM })).status, 201);
}

for (const change of ['connect', 'disconnect'] as const) {
  test(change, async () => {
    const network = `ends-${change}`;
    await makeNetwork(network);
    for (let round = 0; round < ROUNDS; round++) {
      const name = `${change}-${round}`;
      const Cmd = ['sh', '-c', 'until [ -e /dev/shm/go ]; do usleep 500; done'];
      const on = change === 'disconnect' ? { HostConfig: { NetworkMode: network } } : {};
      await create(name, { Cmd, ...on });
      assert.equal((await post(`/containers/${name}/start`)).status, 204);
      const { Pid } = (await stateOf(name)).State;
      const ended = post(`/containers/${name}/wait`);
      const changed = post(`/networks/${network}/${change}`, { Container: name });
      /* Before, in the middle of, or after the change. */
      const { promise, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, round * 4);
      await promise;
      process.kill(Pid, 'SIGKILL');
      await ended;
      const { status, text } = await changed;
      assert([200, 409, 500].includes(status), text);
      await assertNothingStays(name, network);
      await destroy(name);
    }
    assert.equal((await remove(`/networks/${network}`)).status, 204);
  });
}

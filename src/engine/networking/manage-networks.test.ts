import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerSpec, endpointSpec } from '../../container/default-spec.ts';
import type { LifeState } from '../../container/life/state.ts';
import { ATTACHMENT, STATES } from '../../container/life/testing.ts';
import type { Container } from '../../container/model.ts';
import { notFound } from '../../core/errors.ts';
import { parseFilters } from '../filters.ts';
import { definitionOf } from '../lifecycle/testing.ts';
import { pruneNetworks, removeNetwork } from './manage-networks.ts';
import { networkOf } from './testing.ts';

const ENDPOINT = {
  ...{ id: 'e1', interface: 'eth0', mac: '', ipv4: '10.0.0.2', prefix4: 24, gateway4: '10.0.0.1' },
  ...{ ipv6: '', prefix6: 0, gateway6: '', priority: 0 },
};

/** A container named `web` that has an endpoint on `network`; a running one is also attached to it. */
function memberOf(network: string, status: 'running' | 'exited'): Container {
  const spec = containerSpec({ network: { endpoints: { [network]: endpointSpec() } } });
  const attachment = { ...ATTACHMENT, endpoints: [{ ...ENDPOINT, network }] };
  const state: LifeState = status === 'running' ? { ...STATES.running, attachment } : STATES.exited;
  return { definition: definitionOf({ id: 'ab'.repeat(32), spec }), state };
}

function context(containers: readonly Container[] = []) {
  const all = new Map(
    [
      networkOf('bridge'),
      networkOf('blue', { createdAt: 10, labels: { tier: 'a' } }),
      networkOf('red', { createdAt: 20, configFrom: 'template' }),
      networkOf('template', { configOnly: true }),
    ].map((network) => [network.name, network]),
  );
  const events: string[] = [];
  const ctx = {
    containers: { list: () => [...containers] },
    events: {
      emit: (type: string, action: string, id: string) => void events.push(`${type} ${action} ${id}`),
    },
    networks: {
      find: (ref: string) => {
        const found = [...all.values()].find(({ id, name }) => ref === id || ref === name);
        if (!found) throw notFound(`network ${ref} not found`);
        return found;
      },
      list: () => [...all.values()],
      remove: async (name: string) => void all.delete(name),
    },
  };
  return { ctx, events, names: () => [...all.keys()] };
}

test('a network that nobody uses is removed, and the removal reported', async () => {
  const { ctx, events, names } = context([memberOf('blue', 'exited')]);
  await removeNetwork(ctx, 'blue');
  assert.deepEqual(names(), ['bridge', 'red', 'template']);
  assert.deepEqual(events, ['network destroy id-of-blue']);
});

test('networks that came with the daemon, have running containers or configure others stay', async () => {
  const { ctx, events, names } = context([memberOf('blue', 'running')]);
  for (const [ref, message] of [
    ['bridge', /bridge is a pre-defined network/],
    ['blue', /network blue has active endpoints \(name:"web" id:"abababababab"\)/],
    ['id-of-template', /"template" is in use by the network "red"/],
  ] as const) {
    await assert.rejects(removeNetwork(ctx, ref), { kind: 'forbidden', message });
  }
  assert.equal(names().length, 4);
  assert.deepEqual(events, []);
});

test('a prune leaves networks that containers have, running or not, and those that configure others', async () => {
  const { ctx, events, names } = context([memberOf('blue', 'exited')]);
  assert.deepEqual(await pruneNetworks(ctx, new Map()), { NetworksDeleted: ['red', 'template'] });
  assert.deepEqual(names(), ['bridge', 'blue']);
  assert.deepEqual(events, ['network destroy id-of-red', 'network destroy id-of-template', 'network prune ']);
});

test('a prune reports null when its filters leave nothing to remove', async () => {
  const { ctx, names } = context();
  assert.deepEqual(await pruneNetworks(ctx, parseFilters('{"label":["tier=b"]}')), { NetworksDeleted: null });
  assert.equal(names().length, 4);
  assert.deepEqual(await pruneNetworks(ctx, parseFilters('{"label":["tier=a"]}')), {
    NetworksDeleted: ['blue'],
  });
});

test('a prune leaves alone what another request removes meanwhile', async () => {
  const { ctx, names } = context();
  const { remove } = ctx.networks;
  ctx.networks.remove = async (name) => {
    if (name === 'blue') await remove('red');
    await remove(name);
  };
  assert.deepEqual(await pruneNetworks(ctx, new Map()), { NetworksDeleted: ['blue', 'template'] });
  assert.deepEqual(names(), ['bridge']);
});

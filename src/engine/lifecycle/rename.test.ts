import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerSpec } from '../../container/default-spec.ts';
import { STATES } from '../../container/life/testing.ts';
import { type RenameContext, renameContainer } from './rename.ts';
import { FakeLife } from './testing.ts';

const ENDPOINT = {
  ...{ id: 'e1', network: 'blue', interface: 'eth0', mac: '', ipv4: '10.0.0.2', prefix4: 24 },
  ...{ gateway4: '', ipv6: '', prefix6: 0, gateway6: '', priority: 0 },
};

/** `db` runs on the network `blue`, and `web` links to it. */
function context() {
  const { containers } = new FakeLife();
  const fake = { id: 'c1', createdAt: 0, imageName: '', imageId: '' as const, layers: [], mounts: [] };
  containers.add({ ...fake, name: 'db', spec: containerSpec({}) });
  containers.setState('c1', {
    ...STATES.running,
    attachment: { sandbox: '', endpoints: [ENDPOINT], ports: {} },
  });
  const spec = containerSpec({ names: { links: [{ target: 'db', alias: 'store' }] } });
  containers.add({ ...fake, id: 'c2', name: 'web', spec });
  const events: string[] = [];
  const names = new Map<string, readonly string[]>();
  const ctx: RenameContext = {
    containers,
    events: {
      emit: (_, action, id, attributes) => void events.push(`${action} ${id} ${attributes?.oldName}`),
    },
    networks: { names: { directory: { set: (id, entry) => void names.set(id, entry.names) } } },
  };
  return { ctx, containers, events, names };
}

test('a renamed container has its new name in the store, in links to it and for name servers', () => {
  const { ctx, containers, events, names } = context();
  renameContainer(ctx, 'db', '/postgres');
  assert.equal(containers.get('c1').definition.name, 'postgres');
  assert.deepEqual(containers.get('c2').definition.spec.names.links, [
    { target: 'postgres', alias: 'store' },
  ]);
  assert.ok(names.get('e1')?.includes('postgres'));
  assert.ok(!names.get('e1')?.includes('db'));
  assert.deepEqual(events, ['rename c1 /db']);
});

test('a name that is empty, taken, malformed or the same changes nothing', () => {
  const { ctx, containers, events, names } = context();
  for (const [name, kind] of [
    ['', 'invalid-parameter'],
    ['db', 'invalid-parameter'],
    ['a b', 'invalid-parameter'],
    ['web', 'conflict'],
  ] as const) {
    assert.throws(() => renameContainer(ctx, 'db', name), { kind });
  }
  assert.equal(containers.get('c1').definition.name, 'db');
  assert.deepEqual([events, names.size], [[], 0]);
});

test('a container that is being removed keeps its name', () => {
  const { ctx, containers } = context();
  containers.setState('c1', STATES.removing);
  assert.throws(() => renameContainer(ctx, 'db', 'other'), { kind: 'conflict' });
});

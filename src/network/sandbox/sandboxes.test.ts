import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemError } from '../../core/errors.ts';
import { RecordingHost } from '../../host/recording/host.ts';
import { LiveNetwork } from '../live.ts';
import type { Endpoint } from '../model.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { networkDefinition } from '../testing.ts';
import { Sandboxes } from './sandboxes.ts';

interface Bench {
  readonly host: RecordingHost;
  readonly sandboxes: Sandboxes;
  readonly freed: Endpoint[];
  readonly live: ReadonlyMap<string, LiveNetwork>;
  /** Recorded calls of `prepare`, `discard` and `up`. */
  readonly steps: string[];
}

function bench(t: TestContext, poolSize = 0): Bench {
  const host = new RecordingHost();
  const options = (name: string) => ({ 'com.docker.network.bridge.name': name });
  const live = new Map(
    [
      networkDefinition({ name: 'bridge', id: 'b'.repeat(64), options: options('barge0') }),
      networkDefinition({
        name: 'other',
        id: 'c'.repeat(64),
        options: options('br-other'),
        ipam: [{ subnet: '10.8.0.0/24', gateway: '10.8.0.1' }],
      }),
      networkDefinition(),
    ].map((definition) => [definition.name, new LiveNetwork(definition, DEFAULT_SETTINGS, host)]),
  );
  const network = (name: string) => live.get(name) ?? assert.fail(`no network ${name}`);
  const freed: Endpoint[] = [];
  const steps: string[] = [];
  const sandboxes = new Sandboxes({
    prefix: 'bt',
    tool: host.namespaces,
    clock: host.clock,
    poolSize,
    network,
    up: async ({ definition }) => void steps.push(`up ${definition.name}`),
    freed: (endpoint) => {
      freed.push(endpoint);
      network(endpoint.network).free(endpoint);
    },
    prepare: async (path) => void steps.push(`prepare ${path}`),
    discard: (path) => void steps.push(`discard ${path}`),
  });
  t.after(() => sandboxes.close());
  return { host, sandboxes, freed, live, steps };
}

type Lines = readonly [outside: readonly string[], name: string, inside: readonly string[]];

const carried = (host: RecordingHost) =>
  host.callsOf('namespaces.carryOut').map(([, ...lines]) => lines as unknown as Lines);
const removed = (host: RecordingHost) =>
  host.callsOf('namespaces.forget').flatMap(([, names]) => names as string[]);
const nameOf = (path: string) => path.split('/').at(-1) ?? '';

test('a sandbox on the default bridge has a namespace, a veth pair, its address and a default route', async (t) => {
  const { host, sandboxes, steps } = bench(t);
  const { path, endpoints } = await sandboxes.attach([{ network: 'bridge', ipv4: '10.9.0.7' }]);
  const name = nameOf(path);
  assert.match(path, /^\/run\/netns\/bt-[0-9a-f]{10}$/);
  assert.equal(endpoints[0]?.ipv4, '10.9.0.7');
  const [outside = [], where, inside = []] = carried(host)[0] ?? [];
  assert.equal(where, name);
  assert.equal(outside[0], `netns add ${name}`);
  assert.match(
    outside[1] ?? '',
    new RegExp(`^link add ve\\w{10} type veth peer name eth0 address .* netns ${name}$`),
  );
  assert.match(outside[2] ?? '', / addrgenmode none master barge0 up$/);
  assert.deepEqual(
    [inside[0], inside[1], inside.at(-1)],
    [
      'link set lo up',
      'addr add 10.9.0.7/24 broadcast + dev eth0',
      'route replace 0.0.0.0/0 via 10.9.0.1 dev eth0',
    ],
  );
  assert.deepEqual(steps, ['up bridge']);
});

test('a sandbox on user-defined networks begins with a prepared namespace, and is filled in one step', async (t) => {
  const { host, sandboxes, steps } = bench(t);
  const { path, endpoints } = await sandboxes.attach([
    { network: 'own' },
    {
      network: 'other',
      priority: 5,
      driverOpts: { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.log_martians=1' },
    },
  ]);
  assert.deepEqual(steps, ['up own', 'up other', `prepare ${path}`]);
  assert.deepEqual(
    endpoints.map((endpoint) => [endpoint.network, endpoint.interface]),
    [
      ['own', 'eth0'],
      ['other', 'eth1'],
    ],
  );
  const [blank, filled] = carried(host);
  assert.deepEqual(blank, [[`netns add ${nameOf(path)}`], nameOf(path), ['link set lo up']]);
  assert.equal(
    filled?.[2].at(-1),
    'route replace 0.0.0.0/0 via 10.8.0.1 dev eth1',
    'the higher priority leads out',
  );
  assert.deepEqual(host.callsOf('namespaces.writeSysctls'), [
    [
      'namespaces.writeSysctls',
      nameOf(path),
      [{ path: ['net', 'ipv4', 'conf', 'eth1', 'log_martians'], value: '1' }],
    ],
  ]);
});

test('a partial failure leaves neither addresses nor the namespace behind', async (t) => {
  const { host, sandboxes, freed, live, steps } = bench(t);
  host.on('namespaces.carryOut', async (outside: string[]) => {
    if (outside.some((line) => line.startsWith('link add'))) throw systemError('link add: File exists');
  });
  await assert.rejects(sandboxes.attach([{ network: 'own' }, { network: 'other' }]), /File exists/);
  assert.deepEqual(freed.map(({ network }) => network).sort(), ['other', 'own']);
  assert.deepEqual(
    [...live.values()].map(({ users }) => users.size),
    [0, 0, 0],
  );
  const name = carried(host)[0]?.[1] ?? '';
  assert.equal(steps.at(-1), `discard /run/netns/${name}`);
  await sandboxes.close();
  assert.deepEqual(removed(host), [name]);
});

test('an address requested twice is rejected before anything is created', async (t) => {
  const { host, sandboxes } = bench(t);
  await sandboxes.attach([{ network: 'own', ipv4: '10.9.0.7' }]);
  host.take();
  await assert.rejects(sandboxes.attach([{ network: 'own', ipv4: '10.9.0.7' }]), { kind: 'forbidden' });
  assert.deepEqual(host.calls, []);
});

test('another network is joined and left, with the default route where it belongs', async (t) => {
  const { host, sandboxes, freed } = bench(t);
  const alone = await sandboxes.attach([{ network: 'other' }]);
  host.take();
  const both = await sandboxes.join(alone, { network: 'own', priority: 9 });
  assert.deepEqual(
    both.endpoints.map(({ interface: name }) => name),
    ['eth0', 'eth1'],
  );
  assert.equal(carried(host)[0]?.[2].at(-1), 'route replace 0.0.0.0/0 via 10.9.0.1 dev eth1');
  host.take();
  const left = await sandboxes.leave(both, 'own');
  assert.deepEqual(left.endpoints, alone.endpoints);
  assert.deepEqual(
    carried(host).map(([, , inside]) => inside),
    [['link del eth1'], ['route replace 0.0.0.0/0 via 10.8.0.1 dev eth0']],
  );
  assert.deepEqual(
    freed.map(({ network }) => network),
    ['own'],
  );
});

test('a failed join removes its link and releases the address', async (t) => {
  const { host, sandboxes, freed } = bench(t);
  const alone = await sandboxes.attach([{ network: 'other' }]);
  host.on('namespaces.carryOut', async (outside: string[]) => {
    if (outside.length > 0) throw systemError('no such bridge');
  });
  await assert.rejects(sandboxes.join(alone, { network: 'own' }), /no such bridge/);
  assert.deepEqual(carried(host).at(-1), [[], nameOf(alone.path), ['link del eth1']]);
  assert.deepEqual(
    freed.map(({ network }) => network),
    ['own'],
  );
});

test('after a crash a namespace is reconciled with the list: unknown links are removed, missing ones added', async (t) => {
  const { host, sandboxes } = bench(t);
  const sandbox = await sandboxes.attach([{ network: 'own' }, { network: 'other' }]);
  host.take();
  host.on('namespaces.interfaces', async () => ['lo', 'eth0', 'eth9']);
  await sandboxes.reconcile(sandbox);
  const lines = carried(host);
  assert.deepEqual(lines[0]?.[2], ['link del eth9']);
  assert.match(lines[1]?.[0][0] ?? '', /peer name eth1 /);
  assert.match(lines[2]?.[2][0] ?? '', /^route replace 0\.0\.0\.0\/0/);
  assert.equal(lines.length, 3);
});

test('the pool hands out ready sandboxes, and releases their addresses when they are needed', async (t) => {
  const { host, sandboxes, live } = bench(t, 2);
  await sandboxes.ready([]);
  while (live.get('bridge')?.users.size !== 2 || carried(host).length !== 2) await new Promise(setImmediate);
  const made = carried(host).map(([, name]) => name);
  host.take();
  const { path } = await sandboxes.attach([{ network: 'bridge' }]);
  assert.equal(nameOf(path), made[0]);
  assert.deepEqual(carried(host), [], 'nothing had to be made');
  const [address] = [...(live.get('bridge')?.users ?? [])].slice(1);
  const second = await sandboxes.attach([{ network: 'bridge', ipv4: '10.9.0.3' }]);
  assert.equal(second.endpoints[0]?.ipv4, '10.9.0.3', 'it stood ready in the pool');
  assert.ok(address && !live.get('bridge')?.users.has(address));
});

test('a start removes this daemon’s unused namespaces, and no others', async (t) => {
  const { host, sandboxes } = bench(t);
  host.on('namespaces.names', async () => ['bt-kept', 'bt-old', 'bx-foreign', 'someone']);
  await sandboxes.ready([{ path: '/run/netns/bt-kept', endpoints: [] }]);
  assert.deepEqual(removed(host), ['bt-old']);
});

test('namespaces are removed in the background, several at a time', async (t) => {
  const { host, sandboxes, freed } = bench(t);
  const all = [await sandboxes.attach([{ network: 'own' }]), await sandboxes.attach([{ network: 'other' }])];
  host.take();
  for (const sandbox of all) sandboxes.release(sandbox);
  assert.equal(freed.length, 2);
  assert.deepEqual(removed(host), [], 'not before the pause');
  await sandboxes.close();
  const calls = host.callsOf('namespaces.forget').map(([, names]) => names);
  assert.deepEqual(
    calls[0],
    all.map(({ path }) => nameOf(path)),
  );
});

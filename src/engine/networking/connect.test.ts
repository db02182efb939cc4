/** Joining and leaving a network while a container runs: what is recorded when its files change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerSpec, DEFAULT_ENDPOINT } from '../../container/default-spec.ts';
import { containerDefaults } from '../../container/defaults.ts';
import type { AttachedEndpoint, Attachment } from '../../container/life/attachment.ts';
import { attachmentOf } from '../../container/life/state.ts';
import { ATTACHMENT, STATES } from '../../container/life/testing.ts';
import { RecordingHost } from '../../host/recording/host.ts';
import { FakeLife } from '../lifecycle/testing.ts';
import { connectContainer, disconnectContainer } from './connect.ts';
import { networkOf } from './testing.ts';

const ENDPOINT: AttachedEndpoint = {
  ...{ id: 'e1', network: 'blue', interface: 'eth0', mac: '', ipv4: '10.0.0.2', prefix4: 24 },
  ...{ gateway4: '10.0.0.1', ipv6: '', prefix6: 0, gateway6: '', priority: 0 },
};
const JOINED = containerSpec({ network: { endpoints: { blue: DEFAULT_ENDPOINT } } });
const BRIDGE = containerSpec({});

/** A running container on the networks of `before`, whose sandbox has `after` once it has joined or left one. */
function running(spec: typeof JOINED, before: Attachment, after: readonly AttachedEndpoint[]) {
  const fake = new FakeLife();
  fake.add({ spec }, { ...STATES.running, attachment: before });
  const host = new RecordingHost();
  const log: string[] = [];
  const stored = () => {
    const row = fake.db.get<{ state: string }>('SELECT state FROM containers');
    const attachment = attachmentOf(JSON.parse(row?.state ?? ''));
    const endpoints = attachment?.endpoints.map(({ network }) => network) ?? [];
    return `${attachment?.changing ? 'changing' : 'settled'} [${endpoints}]`;
  };
  host.on('files.changeLines', async (_, file) => void log.push(`${file} while ${stored()}`));
  const sandbox = { path: before.sandbox, endpoints: after };
  const networks = {
    find: () => networkOf('blue'),
    sandboxes: {
      join: async () => sandbox,
      leave: async () => sandbox,
    },
    names: { directory: { set: () => {} }, change: () => {} },
    serveNames: async () => ({ udp: 1, tcp: 2 }),
    order: () => ['blue'],
    leadsOut: () => true,
    store: { byName: () => undefined },
  };
  const ctx = {
    containers: fake.containers,
    life: fake.life,
    host,
    networks,
    settings: { defaults: containerDefaults() },
    runner: { directories: () => ({ data: '/d', hosts: '/d/hosts', resolvConf: '/d/resolv.conf' }) },
    events: { emit: () => {} },
    warn: (message: string) => assert.fail(message),
  } as unknown as Parameters<typeof connectContainer>[0];
  return { ctx, log, stored };
}

test('the change is recorded as under way until the files of a container that joins are written', async () => {
  const { ctx, log, stored } = running(BRIDGE, { ...ATTACHMENT, endpoints: [] }, [ENDPOINT]);
  await connectContainer(ctx, 'blue', 'web', DEFAULT_ENDPOINT);
  assert.deepEqual(log, ['hosts while changing [blue]', 'resolv.conf while changing [blue]']);
  assert.equal(stored(), 'settled [blue]');
});

test('the lines of a network that a container leaves go before it is recorded that it left', async () => {
  const { ctx, log, stored } = running(JOINED, { ...ATTACHMENT, endpoints: [ENDPOINT] }, []);
  await disconnectContainer(ctx, 'blue', 'web', false);
  assert.deepEqual(log, ['hosts while changing [blue]']);
  assert.equal(stored(), 'settled []');
});

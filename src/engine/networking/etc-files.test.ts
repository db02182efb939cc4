import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerSpec } from '../../container/default-spec.ts';
import { containerDefaults } from '../../container/defaults.ts';
import type { AttachedEndpoint } from '../../container/life/attachment.ts';
import { ATTACHMENT, STATES } from '../../container/life/testing.ts';
import type { Parts } from '../../container/parts.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import { RecordingHost } from '../../host/recording/host.ts';
import { definitionOf } from '../lifecycle/testing.ts';
import type { EtcChangeContext } from './etc-change.ts';
import { type EtcFilesContext, etcFiles, updateEtcFiles } from './etc-files.ts';

const ENDPOINT: AttachedEndpoint = {
  ...{ id: 'e1', network: 'blue', interface: 'eth0', mac: '', ipv4: '10.0.0.2', prefix4: 24 },
  ...{ gateway4: '10.0.0.1', ipv6: 'fd00::2', prefix6: 64, gateway6: '', priority: 0 },
};
const ATTACHED = { ...ATTACHMENT, endpoints: [ENDPOINT] };

const contextOf = (change: Partial<EtcFilesContext> = {}): EtcFilesContext => ({
  containers: { find: () => ({ definition: definitionOf({ id: 'owner' }), state: STATES.running }) },
  networks: { hasDefault: true, live: () => ({ gatewayAddresses: ['172.17.0.1'] }) },
  settings: { defaults: containerDefaults() },
  ...change,
});

const filesOf = (spec: Parts<ContainerSpec>, ctx = contextOf()) =>
  etcFiles(ctx, { definition: definitionOf({ spec: containerSpec(spec) }), state: STATES.created }, ATTACHED);

function hostsOf(spec: Parts<ContainerSpec>, ctx?: EtcFilesContext): string[] {
  const files = filesOf(spec, ctx);
  assert.ok('hosts' in files);
  return files.hosts.trimEnd().split('\n');
}

test('/etc/hosts has the container’s addresses with its names, after loopback and asked-for lines', () => {
  const names = { hosts: [{ name: 'db', address: '10.9.9.9' }] };
  const lines = hostsOf({ hostname: 'web', domainname: 'example.test', names });
  assert.equal(lines[0], '127.0.0.1\tlocalhost');
  assert.deepEqual(lines.slice(-3), [
    '10.9.9.9\tdb',
    '10.0.0.2\tweb.example.test web',
    'fd00::2\tweb.example.test web',
  ]);
});

test('without IPv6, asked-for lines and loopback have none of it', () => {
  const names = {
    hosts: [
      { name: 'six', address: 'fd00::9' },
      { name: 'four', address: '10.9.9.9' },
    ],
  };
  const lines = hostsOf({ names, sysctls: { 'net.ipv6.conf.all.disable_ipv6': '1' } });
  assert.deepEqual(lines.slice(0, 2), ['127.0.0.1\tlocalhost', '10.9.9.9\tfour']);
});

test('host-gateway is what the settings say, else the default bridge, else the container’s gateway', () => {
  const names = { hosts: [{ name: 'gw', address: 'host-gateway' }] };
  const gatewayOf = (change: Partial<EtcFilesContext>) =>
    hostsOf({ names }, contextOf(change)).filter((line) => line.endsWith('\tgw'));
  assert.deepEqual(gatewayOf({}), ['172.17.0.1\tgw']);
  const settings = { defaults: containerDefaults({ hostGatewayIps: ['192.0.2.1', '2001:db8::1'] }) };
  assert.deepEqual(gatewayOf({ settings }), ['192.0.2.1\tgw', '2001:db8::1\tgw']);
  const networks = { hasDefault: false, live: () => assert.fail('there is no default bridge') };
  assert.deepEqual(gatewayOf({ networks }), ['10.0.0.1\tgw']);
});

test('a container in the network of another has the files of that one', () => {
  assert.deepEqual(filesOf({ network: { mode: { kind: 'container', container: 'db' } } }), { from: 'owner' });
});

test('files follow a change of networks: lines of the one that was left go, those of the new one come', async () => {
  const host = new RecordingHost();
  const warnings: string[] = [];
  const ctx: EtcChangeContext & Pick<EtcFilesContext, 'settings'> = {
    host,
    warn: (message) => void warnings.push(message),
    runner: {
      directories: () => ({ data: '/d', hosts: '/d/hosts', resolvConf: '/d/resolv.conf' }),
    },
    settings: { defaults: containerDefaults() },
  };
  const definition = definitionOf({ spec: containerSpec({ hostname: 'web' }) });
  const left = { ...ENDPOINT, ipv6: '', ipv4: '10.1.0.2' };
  await updateEtcFiles(ctx, definition, { joined: [ENDPOINT], left: [left], namesOpened: false });
  assert.deepEqual(host.take(), [
    ['files.changeLines', '/d', 'hosts', { drop: ['10.1.0.2'], add: '10.0.0.2\tweb\nfd00::2\tweb\n' }],
  ]);
  host.on('files.changeLines', async () => {
    throw new Error('disk is full');
  });
  await updateEtcFiles(ctx, definition, { left: [left], namesOpened: true });
  assert.deepEqual(
    host.take().map(([, , file]) => file),
    ['hosts', 'resolv.conf'],
  );
  assert.equal(warnings.length, 2);
  const both = { joined: [ENDPOINT], left: [ENDPOINT] };
  await updateEtcFiles(ctx, definition, { ...both, namesOpened: true });
  const [hosts, resolv] = host.take();
  const add = '10.0.0.2\tweb\nfd00::2\tweb\n';
  assert.deepEqual(hosts?.slice(2), ['hosts', { drop: ['10.0.0.2', 'fd00::2'], add }]);
  assert.equal(resolv?.[2], 'resolv.conf');
  await updateEtcFiles(ctx, definition, { ...both, namesOpened: false });
  assert.deepEqual(
    host.take().map(([, , file]) => file),
    ['hosts'],
  );
});

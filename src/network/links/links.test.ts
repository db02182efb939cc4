import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unavailable } from '../../core/errors.ts';
import { RecordingHost } from '../../host/recording/host.ts';
import type { NetworkDefinition } from '../model.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { networkDefinition } from '../testing.ts';
import { BridgeLink } from './bridge.ts';
import { ParentLink } from './parent.ts';

const bridge = (host: RecordingHost, changes: Partial<NetworkDefinition> = {}) =>
  new BridgeLink(networkDefinition(changes), DEFAULT_SETTINGS, host);

test('a bridge is created with its address, and the host forwards for it', async () => {
  const host = new RecordingHost();
  await bridge(host).up();
  assert.deepEqual(host.take(), [
    ['links.exists', 'br-own'],
    [
      'links.batch',
      [
        'link add br-own type bridge',
        'addr replace 10.9.0.1/24 broadcast + dev br-own',
        'link set br-own addrgenmode none up',
      ],
    ],
    ['sysctls.write', { path: ['net', 'ipv4', 'ip_forward'], value: '1' }],
    ['sysctls.write', { path: ['net', 'ipv4', 'conf', 'br-own', 'route_localnet'], value: '1' }],
  ]);
});

test('an existing bridge is kept; an internal one forwards nothing; IPv6 is forwarded only where it is used', async () => {
  const host = new RecordingHost().on('links.exists', async () => true);
  await bridge(host, { internal: true }).up();
  assert.doesNotMatch(JSON.stringify(host.callsOf('links.batch')), /link add/);
  assert.deepEqual(host.callsOf('sysctls'), []);
  await bridge(host, {
    enableIPv6: true,
    ipam: [{ subnet: 'fd00:9::/64', gateway: 'fd00:9::1' }],
  }).up();
  assert.equal(host.callsOf('sysctls.forwardIPv6').length, 1);
});

test('a link of another kind is rejected, and a foreign bridge outlives its network', async () => {
  const host = new RecordingHost().on('links.exists', async () => true);
  await assert.rejects(bridge(host).assertUsable(), { kind: 'forbidden', message: /br-own.*choose another/ });
  host.on('links.isBridge', async () => true);
  const foreign = bridge(host);
  await foreign.assertUsable();
  await foreign.down();
  assert.deepEqual(host.callsOf('links.remove'), []);
  await bridge(host).down();
  assert.deepEqual(host.callsOf('links.remove'), [['links.remove', 'br-own']]);
});

test('the failed removal of a bridge is reported with its reason', async () => {
  const host = new RecordingHost().on('links.remove', async () => 'Device or resource busy');
  await assert.rejects(bridge(host).down(), /removing the bridge br-own failed: Device or resource busy/);
});

const parent = (host: RecordingHost, name?: string, driver: 'macvlan' | 'ipvlan' = 'macvlan') =>
  new ParentLink(networkDefinition({ driver, options: name ? { parent: name } : {} }), host.links);

test('a network’s parent VLAN is created on the link that it names, and removed with the network', async () => {
  const host = new RecordingHost().on('links.exists', async (name: string) => name === 'eth0');
  const link = parent(host, 'eth0.10');
  await link.up();
  await link.down();
  assert.deepEqual(
    host.calls.filter(([name]) => name !== 'links.exists'),
    [
      ['links.add', 'link add link eth0 name eth0.10 type vlan id 10'],
      ['links.add', 'link set eth0.10 up'],
      ['links.remove', 'eth0.10'],
    ],
  );
});

test('an existing parent is not changed; an impossible one is rejected', async () => {
  const host = new RecordingHost().on('links.exists', async (name: string) => name === 'eth0');
  const existing = parent(host, 'eth0');
  await existing.up();
  await existing.down();
  assert.deepEqual(host.callsOf('links.remove'), []);
  await assert.rejects(parent(host, 'eth7').up(), { kind: 'invalid-parameter', message: /does not exist/ });
  assert.throws(() => parent(host, 'eth0; reboot'), { kind: 'invalid-parameter' });
});

test('on a kernel without such links, the error names the missing kernel option', async () => {
  const host = new RecordingHost().on('links.add', () => Promise.reject(unavailable('no')));
  await assert.rejects(parent(host, undefined, 'ipvlan').up(), {
    kind: 'unavailable',
    message: /no dummy links \(CONFIG_DUMMY\)/,
  });
});

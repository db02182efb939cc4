import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerSpec, endpointSpec } from '../../container/default-spec.ts';
import { CREATED } from '../../container/life/state.ts';
import type { ContainerDefinition } from '../../container/model.ts';
import type { Parts } from '../../container/parts.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import { BargeError, notFound } from '../../core/errors.ts';
import { ownerOf } from './etc-files.ts';
import { withLinks } from './legacy-links.ts';
import { type CheckContext, checkNetworks } from './network-check.ts';
import { dnsNames, hasFixedNetwork, isIPv6Off, linkedNames, requestsOf } from './networking.ts';
import { networkOf } from './testing.ts';

const definition = (parts: Parts<ContainerSpec>, name = 'web'): ContainerDefinition => ({
  ...{ id: 'ab'.repeat(32), name, createdAt: 0, imageName: '', imageId: '', layers: [], mounts: [] },
  spec: containerSpec(parts),
});

test('what a container asks of its networks; its own hardware address is the first one’s', () => {
  const endpoints = {
    blue: endpointSpec({ ipv4: '10.0.0.2', linkLocal: ['169.254.1.1'], priority: 2 }),
    red: endpointSpec({ mac: '02:00:00:00:00:01', driverOptions: { a: 'b' } }),
  };
  const network = { mode: { kind: 'named', name: 'blue' }, endpoints, mac: '02:00:00:00:00:02' } as const;
  assert.deepEqual(requestsOf(definition({ network })), [
    {
      network: 'blue',
      ipv4: '10.0.0.2',
      linkLocal: ['169.254.1.1'],
      mac: '02:00:00:00:00:02',
      priority: 2,
    },
    { network: 'red', mac: '02:00:00:00:00:01', driverOpts: { a: 'b' } },
  ]);
  const off = definition({ network, sysctls: { 'net.ipv6.conf.all.disable_ipv6': '1' } });
  assert.deepEqual(
    requestsOf(off).map(({ without6 }) => without6),
    [true, true],
  );
});

test('host, none, another container’s and no network at all have nothing to connect', () => {
  const modes = [{ kind: 'host' }, { kind: 'none' }, { kind: 'container', container: 'a' }] as const;
  for (const mode of modes) {
    const fixed = definition({ network: { mode, endpoints: { x: endpointSpec() } } });
    assert.ok(hasFixedNetwork(fixed));
    assert.deepEqual(requestsOf(fixed), []);
  }
  assert.deepEqual(requestsOf(definition({ network: { disabled: true } })), []);
});

test('IPv6 is off by a sysctl that is not 0, of the container or of an endpoint', () => {
  const spec = containerSpec({ sysctls: { 'net.ipv6.conf.default.disable_ipv6': '0' } });
  assert.equal(isIPv6Off(spec), false);
  const option = { 'com.docker.network.endpoint.sysctls': 'a=1,net.ipv6.conf.IFNAME.disable_ipv6=1' };
  assert.equal(isIPv6Off(spec, option), true);
});

test('names and links of a container', () => {
  const endpoint = endpointSpec({ aliases: ['web', 'www'], links: [{ target: 'db', alias: 'DB' }] });
  const own = definition({
    hostname: 'host',
    names: { links: [{ target: 'cache', alias: 'c' }] },
    network: { endpoints: { blue: endpoint } },
  });
  assert.deepEqual(dnsNames(own, endpoint), ['web', 'www', 'abababababab', 'host']);
  assert.deepEqual(
    [...linkedNames(own)],
    [
      ['c', 'cache'],
      ['db', 'db'],
    ],
  );
  assert.deepEqual(withLinks(own.spec, []).names.links, []);
});

const NETWORK = networkOf('blue', { id: 'id-of-blue' });
const context: CheckContext = {
  containers: {
    find: (ref: string) => {
      if (ref !== 'db') throw notFound(`No such container: ${ref}`);
      return { definition: definition({}, 'db'), state: CREATED };
    },
  },
  networks: {
    find: (ref: string) => {
      if (ref === NETWORK.name || ref === NETWORK.id) return NETWORK;
      throw notFound(`network ${ref} not found`);
    },
  },
};

test('a new container’s endpoints are by their networks’ names; one may be made until the start', () => {
  const aliases = endpointSpec({ aliases: ['a'] });
  const network = {
    mode: { kind: 'named', name: 'blue' },
    endpoints: { blue: endpointSpec(), [NETWORK.id]: aliases, 'to-come': endpointSpec() },
  } as const;
  const found = checkNetworks(context, containerSpec({ network }));
  assert.deepEqual(found, { blue: { ...aliases, networkId: NETWORK.id }, 'to-come': endpointSpec() });
});

test('links to nobody are refused on the default network only', () => {
  const names = { links: [{ target: 'nobody', alias: 'n' }] };
  assert.throws(() => checkNetworks(context, containerSpec({ names })), {
    kind: 'invalid-parameter',
    message: /could not get container for nobody/,
  });
  const named = { mode: { kind: 'named', name: 'blue' }, endpoints: { blue: endpointSpec() } } as const;
  assert.ok(checkNetworks(context, containerSpec({ names, network: named })));
  const known = { links: [{ target: 'db', alias: 'n' }] };
  assert.deepEqual(checkNetworks(context, containerSpec({ names: known })), {});
});

test('the host’s network and none go with no other', () => {
  const network = {
    mode: { kind: 'host' },
    endpoints: { host: endpointSpec(), blue: endpointSpec() },
  } as const;
  assert.throws(() => checkNetworks(context, containerSpec({ network })), {
    kind: 'invalid-parameter',
    message: /multiple networks with one of the networks in host mode/,
  });
});

test('files of a shared network are those of its owner, also where names lead around in a circle', () => {
  const joined = (name: string, container: string): ContainerDefinition => ({
    ...definition({ network: { mode: { kind: 'container', container } } }, name),
    id: name,
  });
  const all = [
    joined('a', 'b'),
    joined('b', 'c'),
    { ...definition({}, 'c'), id: 'c' },
    joined('d', 'e'),
    joined('e', 'd'),
  ];
  const containers = {
    find: (ref: string) => ({
      definition:
        all.find(({ name }) => name === ref) ?? (() => assert.fail(new BargeError('not-found', ref)))(),
      state: CREATED,
    }),
  };
  assert.equal(ownerOf({ containers }, 'a'), 'c');
  assert.equal(ownerOf({ containers }, 'c'), 'c');
  assert.ok(['d', 'e'].includes(ownerOf({ containers }, 'd')));
});

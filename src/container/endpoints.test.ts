import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerSpec, endpointSpec } from './default-spec.ts';
import { networkOf, withEndpoints } from './endpoints.ts';
import { parseNetworkMode } from './network-mode.ts';

const NONE = endpointSpec();

test('the words of --network are one of five kinds; nothing and `default` mean the default network', () => {
  for (const text of ['', 'default', 'bridge']) assert.deepEqual(parseNetworkMode(text), { kind: 'bridge' });
  assert.deepEqual(parseNetworkMode('host'), { kind: 'host' });
  assert.deepEqual(parseNetworkMode('none'), { kind: 'none' });
  assert.deepEqual(parseNetworkMode('container:a:b'), { kind: 'container', container: 'a:b' });
  assert.deepEqual(parseNetworkMode('hosts'), { kind: 'named', name: 'hosts' });
});

test('a mode stands for a network, but for another container’s', () => {
  const names = ['', 'none', 'blue', 'container:x'].map((text) => networkOf(parseNetworkMode(text)));
  assert.deepEqual(names, ['bridge', 'none', 'blue', undefined]);
});

test('the mode’s own network comes first, the others by name', () => {
  const spec = containerSpec({ network: { mode: { kind: 'named', name: 'm' } } });
  const { endpoints, mode } = withEndpoints(spec, { z: NONE, bridge: NONE, m: NONE, a: NONE }).network;
  assert.deepEqual(Object.keys(endpoints), ['m', 'a', 'bridge', 'z']);
  assert.equal(mode, spec.network.mode);
});

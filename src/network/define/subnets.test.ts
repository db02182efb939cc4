import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSubnet, parseSubnet } from '../ip.ts';
import { cutPools, firstAddress, freeSubnet, freeSubnet6, ipamProblems } from './subnets.ts';

test('networks get the first free subnet, until there is none', () => {
  const used = [parseSubnet('172.17.0.0/16'), parseSubnet('172.18.5.0/24')];
  assert.equal(formatSubnet(freeSubnet(used)), '172.19.0.0/16');
  assert.equal(formatSubnet(freeSubnet([parseSubnet('172.16.0.0/12')])), '192.168.0.0/20');
  assert.throws(
    () => freeSubnet([parseSubnet('0.0.0.0/0')]),
    /all predefined address pools have been fully subnetted/,
  );
});

test('pools of the settings are divided into networks', () => {
  const pools = [
    { base: '10.8.0.0/23', size: 24 },
    { base: 'fd08::/63', size: 64 },
  ];
  assert.deepEqual([...cutPools(pools)].map(formatSubnet), [
    '10.8.0.0/24',
    '10.8.1.0/24',
    'fd08::/64',
    'fd08:0:0:1::/64',
  ]);
  assert.equal(
    formatSubnet(freeSubnet6('x', [parseSubnet('fd08::/64')], cutPools(pools))),
    'fd08:0:0:1::/64',
  );
  assert.throws(() => [...cutPools([{ base: '10.0.0.0/24', size: 16 }])], /invalid default address pool/);
});

test('private IPv6 subnets are derived from the seed', () => {
  const first = formatSubnet(freeSubnet6('a', []));
  assert.match(first, /^fd[0-9a-f]{2}:[0-9a-f:]+::\/64$/);
  assert.equal(formatSubnet(freeSubnet6('a', [])), first);
  assert.notEqual(formatSubnet(freeSubnet6('b', [])), first);
  assert.notEqual(formatSubnet(freeSubnet6('a', [parseSubnet(first)])), first);
});

test('a gateway is the first address that is not reserved', () => {
  assert.equal(firstAddress(parseSubnet('10.0.0.0/24'), ['10.0.0.1']), '10.0.0.2');
  assert.equal(firstAddress(parseSubnet('10.0.0.0/31')), '10.0.0.0');
});

test('all problems with chosen addresses are reported at once', () => {
  assert.deepEqual(
    ipamProblems([{ Subnet: '10.0.0.0/24', Gateway: '10.0.1.1', IPRange: '10.0.0.7/25' }], false),
    [
      'invalid ip-range 10.0.0.7/25: it should be 10.0.0.0/25',
      "invalid gateway 10.0.1.1: parent subnet 10.0.0.0/24 doesn't contain this address",
    ],
  );
  assert.match(
    ipamProblems([{ Subnet: 'fd00::/64' }], false).join(),
    /IPv6 has not been enabled for this network/,
  );
  assert.match(
    ipamProblems([{ Subnet: '10.0.0.0/24', Gateway: 'fd00::1' }], true).join(),
    /is an IPv4 block/,
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  contains,
  formatAddress,
  formatSubnet,
  linkLocalOf,
  macOf,
  overlaps,
  parseAddress,
  parseSubnet,
  sizeOf,
} from './ip.ts';

test('addresses of both families are formatted canonically', () => {
  for (const [given, canonical] of [
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['fd00:0:0:1::10', 'fd00:0:0:1::10'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
  ] as const) {
    assert.equal(formatAddress(parseAddress(given)), canonical);
  }
  for (const wrong of ['', '1.2.3', '1.2.3.256', 'fe80::1%eth0', ':::', 'a']) {
    assert.throws(() => parseAddress(wrong), { kind: 'invalid-parameter' });
  }
});

test('host bits of a subnet are cleared, and its size is known', () => {
  assert.equal(formatSubnet(parseSubnet('172.18.3.4/16')), '172.18.0.0/16');
  assert.equal(formatSubnet(parseSubnet('fd00:1:2:3:4::/64')), 'fd00:1:2:3::/64');
  assert.equal(sizeOf(parseSubnet('10.0.0.0/24')), 256n);
  for (const wrong of ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', 'fd00::/129', '/8']) {
    assert.throws(() => parseSubnet(wrong), /invalid CIDR block notation/);
  }
});

test('subnets contain and overlap within their family only', () => {
  const ten = parseSubnet('10.0.0.0/8');
  assert(contains(ten, parseAddress('10.255.0.1')));
  assert(!contains(ten, parseAddress('11.0.0.1')));
  assert(!contains(ten, parseAddress('::a00:1')));
  assert(overlaps(ten, parseSubnet('10.3.0.0/16')));
  assert(overlaps(parseSubnet('10.3.0.0/16'), ten));
  assert(!overlaps(ten, parseSubnet('::/0')));
});

test('MAC addresses are derived from IPv4 addresses', () => {
  assert.equal(macOf(parseAddress('172.17.0.2')), '02:42:ac:11:00:02');
  assert.equal(linkLocalOf('02:42:ac:11:00:02'), 'fe80::42:acff:fe11:2');
});

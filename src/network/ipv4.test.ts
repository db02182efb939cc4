import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contains, formatAddress, formatSubnet, macOf, overlaps, parseAddress, parseSubnet } from './ipv4.ts';
import { addPort, bridgeTable, removePort } from './rules.ts';

test('addresses and subnets survive the way to numbers and back', () => {
  assert.equal(formatAddress(parseAddress('192.168.1.254')), '192.168.1.254');
  assert.equal(formatSubnet(parseSubnet('172.17.5.9/16')), '172.17.0.0/16');
  for (const wrong of ['1.2.3', '1.2.3.256', 'a.b.c.d'])
    assert.throws(() => parseAddress(wrong), /invalid IPv4 address/);
  for (const wrong of ['1.2.3.4', '1.2.3.4/33', '1.2.3.4/x'])
    assert.throws(() => parseSubnet(wrong), /invalid subnet/);
});

test('subnets know what lies in them', () => {
  const subnet = parseSubnet('10.0.0.0/24');
  assert.ok(contains(subnet, parseAddress('10.0.0.255')));
  assert.ok(!contains(subnet, parseAddress('10.0.1.0')));
  assert.ok(overlaps(subnet, parseSubnet('10.0.0.128/25')));
  assert.ok(!overlaps(subnet, parseSubnet('10.0.1.0/24')));
});

test('an endpoint’s hardware address tells its IPv4 address', () => {
  assert.equal(macOf(parseAddress('172.17.0.2')), '02:42:ac:11:00:02');
});

test('a published port is one map element, by address where one was chosen', () => {
  const rule = { protocol: 'tcp', hostAddress: '', hostPort: 8080, address: '172.17.0.2', port: 80 };
  assert.equal(addPort('b0', rule), 'add element ip b0 tcp_any { 8080 : 172.17.0.2 . 80 }');
  assert.equal(
    removePort('b0', { ...rule, hostAddress: '10.1.1.1' }),
    'delete element ip b0 tcp_at { 10.1.1.1 . 8080 }',
  );
});

test('the table touches nothing but itself', () => {
  const text = bridgeTable('b0', 'b0', '172.17.0.0/16');
  const tables = [...text.matchAll(/^(?:delete )?table ip (\S+)/gm)].map((match) => match[1]);
  assert.deepEqual(new Set(tables), new Set(['b0']));
  assert.ok(!/flush ruleset/.test(text));
});

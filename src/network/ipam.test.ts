import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from './ip.ts';
import { AddressPlan } from './ipam.ts';

const plan = (...blocks: ConstructorParameters<typeof AddressPlan>[0]) => new AddressPlan(blocks, 'n (0123)');
const take = (from: AddressPlan, family: 4 | 6, wanted?: string) =>
  formatAddress(from.take(family, wanted).address);

test('every address is allocated once, and exhaustion names the network', () => {
  const small = plan({ subnet: '10.1.0.0/29', gateway: '10.1.0.1' });
  const given = Array.from({ length: 5 }, () => take(small, 4));
  assert.deepEqual(given, ['10.1.0.2', '10.1.0.3', '10.1.0.4', '10.1.0.5', '10.1.0.6']);
  assert.throws(
    () => take(small, 4),
    /no available IPv4 addresses on this network's address pools: n \(0123\)/,
  );
  small.free('10.1.0.4');
  assert.equal(take(small, 4), '10.1.0.4');
});

test('a released address is not the next one allocated', () => {
  const wide = plan({ subnet: '10.1.0.0/24', gateway: '10.1.0.1' });
  assert.equal(take(wide, 4), '10.1.0.2');
  wide.free('10.1.0.2');
  assert.equal(take(wide, 4), '10.1.0.3');
});

test('ranges limit automatic addresses, not requested ones', () => {
  const ranged = plan({
    subnet: '10.1.0.0/24',
    ipRange: '10.1.0.128/30',
    gateway: '10.1.0.1',
    auxiliary: { router: '10.1.0.129' },
  });
  assert.deepEqual(
    [take(ranged, 4), take(ranged, 4), take(ranged, 4)],
    ['10.1.0.128', '10.1.0.130', '10.1.0.131'],
  );
  assert.equal(take(ranged, 4, '10.1.0.9'), '10.1.0.9');
  assert.throws(() => take(ranged, 4, '10.1.0.9'), { kind: 'forbidden', message: 'Address already in use' });
  assert.throws(() => take(ranged, 4, '10.1.0.129'), /Address already in use/);
  assert.throws(() => take(ranged, 4, '10.2.0.9'), /no configured subnet contains IP address 10.2.0.9/);
});

test('a second subnet of the family is used when the first is full, and IPv6 is separate', () => {
  const both = plan(
    { subnet: '10.1.0.0/30', gateway: '10.1.0.1' },
    { subnet: '10.2.0.0/24', gateway: '10.2.0.1' },
    { subnet: 'fd00:5::/64', gateway: 'fd00:5::1' },
  );
  assert.deepEqual([take(both, 4), take(both, 4), take(both, 6)], ['10.1.0.2', '10.2.0.2', 'fd00:5::2']);
});

test('the status counts as the API does', () => {
  const [block] = plan({ subnet: '172.16.0.0/16', gateway: '172.16.0.1' }).blocks;
  assert.deepEqual(block?.status(), { IPsInUse: 3, DynamicIPsAvailable: 65533 });
});

test('the status of a subnet with more than 2^64 addresses is capped at 64 bits', () => {
  const statusOf = (subnet: string) => JSON.stringify(plan({ subnet }).blocks[0]?.status());
  assert.equal(statusOf('fd00:5::/64'), '{"IPsInUse":1,"DynamicIPsAvailable":18446744073709551615}');
  assert.equal(statusOf('fd00:5::/32'), '{"IPsInUse":1,"DynamicIPsAvailable":18446744073709551615}');
  assert.equal(statusOf('fd00:5::/65'), '{"IPsInUse":1,"DynamicIPsAvailable":9223372036854775807}');
});

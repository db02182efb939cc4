import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { clientAddress, parseTrustedProxies, resolveClientAddress } from './client-address.ts';

function addressOf(remoteAddress: string, forwarded: string | undefined, trusted: string): string {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  const request = { headers, socket: { remoteAddress } } as unknown as IncomingMessage;
  resolveClientAddress(request, parseTrustedProxies(trusted));
  return clientAddress(request);
}

test('only addresses from trusted proxies are used', () => {
  assert.equal(addressOf('10.0.0.1', '192.0.2.7', '10.0.0.0/8'), '192.0.2.7');
  assert.equal(addressOf('198.51.100.1', '192.0.2.7', '10.0.0.0/8'), '198.51.100.1', 'a stranger says so');
  assert.equal(addressOf('10.0.0.1', '1.1.1.1, 192.0.2.7', '10.0.0.0/8'), '192.0.2.7', 'the client lies');
  assert.equal(addressOf('10.0.0.1', '192.0.2.7, 10.2.0.1', '10.0.0.0/8'), '192.0.2.7', 'two proxies');
  assert.equal(addressOf('10.0.0.1', '10.2.0.1', '10.0.0.0/8'), '10.2.0.1', 'a client beside the proxy');
  assert.equal(addressOf('10.0.0.1', undefined, '10.0.0.1'), '10.0.0.1');
  assert.equal(addressOf('10.0.0.1', '192.0.2.7, nonsense', '10.0.0.1'), '10.0.0.1');
});

test('addresses of both families are parsed in the formats of proxies', () => {
  assert.equal(addressOf('::ffff:10.0.0.1', '192.0.2.7:1234', '10.0.0.1'), '192.0.2.7');
  assert.equal(addressOf('fd00::1', '[2001:db8::2]:99', 'fd00::/8'), '2001:db8::2');
  assert.equal(addressOf('::1', '2001:db8::2', '127.0.0.1,::1'), '2001:db8::2');
});

test('an invalid address is named in the error', () => {
  for (const bad of ['', 'proxy', '10.0.0.0/33', '10.0.0.1/', 'fd00::/129', '10.0.0.1,,10.0.0.2'])
    assert.throws(() => parseTrustedProxies(bad), /invalid --trusted-proxies/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSysctls } from './namespaces.ts';

test('sysctls of an endpoint apply to its own interface only', () => {
  assert.deepEqual(parseSysctls('net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.conf.ifname.accept_ra=2'), [
    [['net', 'ipv4', 'conf', 'IFNAME', 'log_martians'], '1'],
    [['net', 'ipv6', 'conf', 'ifname', 'accept_ra'], '2'],
  ]);
  assert.deepEqual(parseSysctls(''), []);
  for (const wrong of [
    'kernel.pid_max=5',
    'net.ipv4.ip_forward=1',
    'net.ipv4.conf.eth0.forwarding=1',
    "net.ipv4.conf.IFNAME.forwarding=1'; reboot",
    'net.ipv4.conf.IFNAME.../../x=1',
  ]) {
    assert.throws(() => parseSysctls(wrong), { kind: 'invalid-parameter' }, wrong);
  }
});

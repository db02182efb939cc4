import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integerValue } from '../../core/exact-integer.ts';
import { blockV1, blockV2, parseNetDev, systemCpuTime } from './cgroup-stats.ts';

test('block devices of both versions of control groups count alike', () => {
  const read = { major: 254, minor: 1, op: 'read', value: 4096 };
  const write = { major: 254, minor: 1, op: 'write', value: 7 };
  assert.deepEqual(blockV1('254:1 Read 4096\n254:1 Write 7\nTotal 4103\n'), [read, write]);
  assert.deepEqual(blockV2('254:1 rbytes=4096 wbytes=7 rios=1 wios=1 dbytes=0 dios=0\n'), [read, write]);
  assert.deepEqual(blockV1(undefined), []);
  assert.deepEqual(blockV2(''), []);
});

test('interfaces are read from /proc/net/dev, the loopback left out', () => {
  const text = [
    'Inter-|   Receive                                                |  Transmit',
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
    '    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0',
    '  eth0:    5338      36    1    2    0     0          0         0      648       8    3    4    0     0       0          0',
  ].join('\n');
  assert.deepEqual(parseNetDev(text), {
    eth0: {
      rx_bytes: 5338,
      rx_packets: 36,
      rx_errors: 1,
      rx_dropped: 2,
      tx_bytes: 648,
      tx_packets: 8,
      tx_errors: 3,
      tx_dropped: 4,
    },
  });
});

test('the host’s CPU time never runs backwards', () => {
  const before = integerValue(systemCpuTime());
  assert(before > 0n);
  assert(integerValue(systemCpuTime()) >= before);
});

test('counters of 64 bits are exact', () => {
  const shown = JSON.stringify(blockV2('8:0 rbytes=18446744073709551615 wbytes=9007199254740993'));
  assert.match(shown, /"op":"read","value":18446744073709551615\}.*"op":"write","value":9007199254740993\}/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTimestamp } from './timestamp.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

test('Unix seconds keep all nine decimals', () => {
  assert.equal(parseTimestamp('1700000000'), 1_700_000_000_000_000_000n);
  assert.equal(parseTimestamp('1700000000.000000001'), 1_700_000_000_000_000_001n);
  assert.equal(parseTimestamp('1700000000.5'), 1_700_000_000_500_000_000n);
});

test('durations count back from now', () => {
  assert.equal(parseTimestamp('1m30s', NOW), BigInt(NOW - 90_000) * 1_000_000n);
  assert.equal(parseTimestamp('24h', NOW), BigInt(NOW - 86_400_000) * 1_000_000n);
});

test('dates may omit their smaller parts', () => {
  const of = (milliseconds: number) => BigInt(milliseconds) * 1_000_000n;
  assert.equal(parseTimestamp('2026-01-02T03:04:05Z'), of(NOW));
  assert.equal(parseTimestamp('2026-01-02T03:04:05.123456789Z'), of(NOW) + 123_456_789n);
  assert.equal(parseTimestamp('2026-01-02T05:04:05+02:00'), of(NOW));
  assert.equal(parseTimestamp('2026-01-02'), of(new Date(2026, 0, 2).getTime()));
  assert.equal(parseTimestamp('2026-01-02T03:04'), of(new Date(2026, 0, 2, 3, 4).getTime()));
});

test('a time beyond 64 bits is rejected', () => {
  for (const text of ['9'.repeat(20), `${'9'.repeat(400)}h`, '3000000h']) {
    assert.throws(() => parseTimestamp(text), { kind: 'invalid-parameter' }, text);
  }
});

test('anything else is rejected', () => {
  for (const text of ['yesterday', '12-01-2026', '1.1234567890', '2026-13-01', 'm']) {
    assert.throws(() => parseTimestamp(text), /failed to parse value as time or duration/, text);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBinaryBytes, formatBytes, formatDuration, parseBytes, parseDuration } from './units.ts';

test('suffixes of parsed sizes are powers of 1024', () => {
  assert.deepEqual(['512', '64b', '1k', '1.5m', '2GiB', '1 t'].map(parseBytes), [
    512,
    64,
    1024,
    1572864,
    2 ** 31,
    2 ** 40,
  ]);
  for (const wrong of ['', '-1', 'x', '1x', '1.m']) assert.throws(() => parseBytes(wrong), /invalid size/);
});

test('sizes are formatted as docker formats them', () => {
  assert.deepEqual([0, 999, 1000, 1234567, 2.13e9].map(formatBytes), [
    '0B',
    '999B',
    '1kB',
    '1.23MB',
    '2.13GB',
  ]);
  assert.equal(formatBinaryBytes(1.2051 * 1024 ** 2), '1.205MiB');
});

test('durations are formatted in docker’s words', () => {
  const seconds = [0, 1, 59, 60, 119, 120, 3600, 7200, 86400 * 3, 86400 * 20, 86400 * 90, 86400 * 800];
  assert.deepEqual(seconds.map(formatDuration), [
    'Less than a second',
    '1 second',
    '59 seconds',
    'About a minute',
    'About a minute',
    '2 minutes',
    'About an hour',
    '2 hours',
    '3 days',
    '2 weeks',
    '3 months',
    '2 years',
  ]);
});

test('Go durations become nanoseconds', () => {
  assert.deepEqual(['0', '250ms', '1m30s', '1.5h'].map(parseDuration), [0, 250e6, 90e9, 5400e9]);
  for (const wrong of ['', '1', '1x', 's', '1s 2m'])
    assert.throws(() => parseDuration(wrong), /invalid duration/);
});

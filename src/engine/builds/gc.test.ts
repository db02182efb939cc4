import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gcRules } from './gc.ts';

const GB = 1e9;

test('by default the cache may use a fifth of the disk, and old records are always removed', () => {
  const rules = gcRules({}, 100 * GB);
  assert.deepEqual(
    rules.map(({ maxUsedSpace, keepDuration }) => [maxUsedSpace, keepDuration && keepDuration / 3600_000]),
    [
      [undefined, 14 * 24],
      [undefined, 60 * 24],
      [20 * GB, undefined],
    ],
  );
  assert.deepEqual(gcRules({ gc: { enabled: false } }, 100 * GB), []);
});

test('sizes in daemon.json limit the cache, under their older names, too', () => {
  const last = (gc: object) => gcRules({ gc }, 100 * GB).at(-1);
  const sizes = { defaultReservedSpace: '1GB', defaultMaxUsedSpace: '2GB', defaultMinFreeSpace: '3GB' };
  const wanted = {
    all: true,
    maxUsedSpace: 2 * 1024 ** 3,
    reservedSpace: 1024 ** 3,
    minFreeSpace: 3 * 1024 ** 3,
  };
  assert.deepEqual(last(sizes), wanted);
  assert.equal(last({ defaultKeepStorage: '5GB' })?.maxUsedSpace, 5 * 1024 ** 3);
});

test('policies replace the defaults', () => {
  const policy = [
    { all: true, filter: ['type=regular', 'unused-for=24h', 'type=exec.cachemount'], keepStorage: '1GB' },
    { keepDuration: '48h', maxUsedSpace: '2GB' },
  ];
  const [first, second] = gcRules({ gc: { policy } }, 100 * GB);
  assert.deepEqual(
    [...(first?.filters ?? [])],
    [
      ['type', ['regular', 'exec.cachemount']],
      ['unused-for', ['24h']],
    ],
  );
  assert.deepEqual([first?.all, first?.reservedSpace, second?.all], [true, 1024 ** 3, false]);
  assert.deepEqual([second?.keepDuration, second?.maxUsedSpace], [48 * 3600_000, 2 * 1024 ** 3]);
});

test('invalid settings are rejected', () => {
  assert.throws(() => gcRules({ gc: { defaultKeepStorage: 'much' } }, GB), { kind: 'invalid-parameter' });
  assert.throws(() => gcRules({ gc: { defaultKeepStorage: 5 as never } }, GB), /want a size such as "10GB"/);
});

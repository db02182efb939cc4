import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertPropagation, holderOf, inheritedLimits } from './propagation.ts';

const TABLE = `27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 27 0:5 / /srv rw,nosuid shared:4 - tmpfs tmpfs rw
31 30 0:6 / /srv/with\\040blank ro,noexec master:4 - tmpfs tmpfs rw
32 27 0:7 / /srvother rw shared:9 master:3 - tmpfs tmpfs rw`;

test('a path is on the innermost mount, by whole path components', () => {
  const points = ['/srv', '/srv/a', '/srv/with blank/a', '/srvother', '/srvo', '/home'];
  assert.deepEqual(
    points.map((path) => holderOf(path, TABLE).point),
    ['/srv', '/srv', '/srv/with blank', '/srvother', '/', '/'],
  );
});

test('restrictions of mounts of the host are kept', () => {
  assert.deepEqual(inheritedLimits(holderOf('/srv/with blank', TABLE)), {
    readOnly: true,
    options: ['noexec'],
  });
  assert.deepEqual(inheritedLimits(holderOf('/srv', TABLE)), { readOnly: false, options: ['nosuid'] });
});

test('shared propagation needs a shared mount, slave propagation a shared or slave one', () => {
  const check = (path: string, mode: string) => assertPropagation(path, mode, holderOf(path, TABLE));
  check('/srv/a', 'rshared');
  check('/srv/with blank', 'rslave');
  check('/home', 'rprivate');
  assert.throws(
    () => check('/srv/with blank', 'shared'),
    /is mounted on \/srv\/with blank but it is not a shared mount/,
  );
  assert.throws(
    () => check('/home', 'slave'),
    /path \/home is mounted on \/ but it is not a shared or slave mount/,
  );
});

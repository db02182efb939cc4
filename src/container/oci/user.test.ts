import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { overlayReader, resolveUser } from './user.ts';

const root = mkdtempSync(join(tmpdir(), 'barge-user-'));
after(() => rmSync(root, { recursive: true }));

const FILES: Record<string, string> = {
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/srv/app:/bin/sh\n',
  '/etc/group': 'root:x:0:\nstaff:x:50:app\napp:x:1001:\naudio:x:29:app,other\n',
};
const read = (path: string) => FILES[path];

test('nobody named is root, with its home', () => {
  assert.deepEqual(resolveUser('', [], read), { uid: 0, gid: 0, additionalGids: [0], home: '/root' });
});

test('a name brings its group, its memberships and its home', () => {
  assert.deepEqual(resolveUser('app', [], read), {
    uid: 1000,
    gid: 1001,
    additionalGids: [1001, 50, 29],
    home: '/srv/app',
  });
});

test('a group that is asked for takes the place of all others', () => {
  assert.deepEqual(resolveUser('app:staff', [], read), {
    uid: 1000,
    gid: 50,
    additionalGids: [50],
    home: '/srv/app',
  });
});

test('numbers need no entry', () => {
  assert.deepEqual(resolveUser('4242:99', ['audio', '7'], read), {
    uid: 4242,
    gid: 99,
    additionalGids: [99, 29, 7],
  });
});

test('an unknown name is refused in docker’s words', () => {
  assert.throws(
    () => resolveUser('ghost', [], read),
    /unable to find user ghost: no matching entries in passwd file/,
  );
  assert.throws(() => resolveUser('root:ghosts', [], read), /unable to find group ghosts/);
  assert.throws(() => resolveUser('4294967295', [], read), /must be in range/);
});

test('the highest layer that has a file decides, and symlinks stay within the layers', () => {
  const [low, high] = [join(root, 'low'), join(root, 'high')];
  mkdirSync(join(low, 'etc'), { recursive: true });
  mkdirSync(join(low, 'usr/etc'), { recursive: true });
  mkdirSync(join(high, 'etc'), { recursive: true });
  writeFileSync(join(low, 'etc/passwd'), 'low');
  writeFileSync(join(high, 'etc/passwd'), 'high');
  writeFileSync(join(low, 'usr/etc/group'), 'linked');
  symlinkSync('/usr/etc/group', join(high, 'etc/group'));
  symlinkSync('../../../../../../etc/hostname', join(high, 'etc/escape'));
  symlinkSync('loop', join(high, 'etc/loop'));
  const reader = overlayReader([high, low]);
  assert.equal(reader('/etc/passwd'), 'high');
  assert.equal(reader('/etc/group'), 'linked');
  assert.equal(reader('/etc/escape'), undefined);
  assert.equal(reader('/etc/loop'), undefined);
  assert.equal(reader('/nothing'), undefined);
});

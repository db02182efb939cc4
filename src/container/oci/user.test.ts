/** Users and groups of a root file system, as the helper that looks them up finds them there. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { linuxHost } from '../../host/linux/host.ts';
import { readUserResponse, userQuestion } from './user.ts';

const PASSWD = 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/srv/an app:/bin/sh\n';
const GROUP = 'root:x:0:\nstaff:x:50:app\napp:x:1001:\naudio:x:29:app,other';

function rootfs(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'barge-user-'));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'etc'));
  for (const [name, text] of Object.entries({ passwd: PASSWD, group: GROUP, ...files })) {
    writeFileSync(join(root, 'etc', name), text);
  }
  return root;
}

async function resolve(root: string, user: string, ...groupAdd: string[]) {
  return readUserResponse(await linuxHost().files.userBelow(root, userQuestion({ user, groupAdd })), {
    user,
    groupAdd,
  });
}

test('nobody named is root, with its home', async (t) => {
  assert.deepEqual(await resolve(rootfs(t), ''), { uid: 0, gid: 0, additionalGids: [0], home: '/root' });
});

test('a name brings its group, its memberships and its home; so does its uid', async (t) => {
  const app = { uid: 1000, gid: 1001, additionalGids: [1001, 50, 29], home: '/srv/an app' };
  assert.deepEqual(await resolve(rootfs(t), 'app'), app);
  assert.deepEqual(await resolve(rootfs(t), '1000'), app);
  assert.deepEqual(await resolve(rootfs(t), '001000'), app);
});

test('a group that is asked for takes the place of all others', async (t) => {
  assert.deepEqual(await resolve(rootfs(t), 'app:staff'), {
    uid: 1000,
    gid: 50,
    additionalGids: [50],
    home: '/srv/an app',
  });
});

test('numbers need no entry, nor a file to be in', async (t) => {
  const expected = { uid: 4242, gid: 99, additionalGids: [99, 29, 7] };
  assert.deepEqual(await resolve(rootfs(t), '4242:99', 'audio', '7'), expected);
  const bare = mkdtempSync(join(tmpdir(), 'barge-user-'));
  t.after(() => rmSync(bare, { recursive: true }));
  assert.deepEqual(await resolve(bare, '4242'), { uid: 4242, gid: 0, additionalGids: [0] });
});

test('digits are ids, whatever the account files call by that name', async (t) => {
  const root = rootfs(t, {
    passwd: `1000:x:0:0:trap:/root:/bin/sh\n4242:x:0:0::/root:/bin/sh\n${PASSWD}`,
    group: `50:x:0:\n7:x:0:1000\n${GROUP}`,
  });
  assert.equal((await resolve(root, '1000')).home, '/srv/an app');
  assert.deepEqual(await resolve(root, '1000:50', '7', '29'), {
    uid: 1000,
    gid: 50,
    additionalGids: [50, 7, 29],
    home: '/srv/an app',
  });
  assert.deepEqual(await resolve(root, '4242'), { uid: 4242, gid: 0, additionalGids: [0] });
});

test('what has no name, or no ids that a process can have, is no entry', async (t) => {
  const passwd = [
    '',
    'nothing',
    'short:x:5',
    ':x:0:0::/:',
    'junk:x:zero:0::/:',
    'empty:x:::::',
    'negative:x:-1:0::/:',
    'hex:x:0x0:0::/:',
    'high:x:4294967295:0::/:',
    'long:x:00000000000000000000000:0::/:',
    `${'n'.repeat(300)}:x:0:0::/:`,
    'last:x:7:8::/home',
  ].join('\n');
  const root = rootfs(t, { passwd });
  assert.deepEqual(await resolve(root, 'last'), { uid: 7, gid: 8, additionalGids: [8], home: '/home' });
  for (const name of [
    'nothing',
    'short',
    'junk',
    'empty',
    'negative',
    'hex',
    'high',
    'long',
    'n'.repeat(300),
    '-1',
    '+7',
  ]) {
    await assert.rejects(resolve(root, name), /unable to find user .*: no matching entries/, name);
  }
});

test('an unknown name is refused in docker’s words', async (t) => {
  const root = rootfs(t);
  await assert.rejects(
    resolve(root, 'ghost'),
    /unable to find user ghost: no matching entries in passwd file/,
  );
  await assert.rejects(resolve(root, 'gh\nost'), /unable to find user gh\nost/);
  await assert.rejects(
    resolve(root, 'root:ghosts'),
    /unable to find group ghosts: no matching entries in group/,
  );
  await assert.rejects(resolve(root, 'root', 'audio', 'ghosts'), /unable to find group ghosts/);
  for (const user of ['4294967295', '2147483648', '0:99999999999999999999']) {
    await assert.rejects(resolve(root, user), /must be in range/, user);
  }
});

test('links stay within the root file system', async (t) => {
  const root = rootfs(t);
  mkdirSync(join(root, 'usr/lib'), { recursive: true });
  writeFileSync(join(root, 'usr/lib/passwd'), 'linked:x:7:8::/:\n');
  const passwd = join(root, 'etc/passwd');
  const uidOf = async (target: string, user: string) => {
    rmSync(passwd);
    symlinkSync(target, passwd);
    return (await resolve(root, user)).uid;
  };
  assert.equal(await uidOf('/usr/lib/passwd', 'linked'), 7);
  assert.equal(await uidOf('../../../../../usr/lib/passwd', 'linked'), 7);
  const host = join(root, '../host-passwd');
  for (const target of [
    '/etc/passwd',
    '../../../../../../etc/passwd',
    host,
    'passwd',
    `/proc/self/root${host}`,
  ]) {
    await assert.rejects(uidOf(target, 'daemon'), /unable to find user daemon/, target);
  }
});

/** Puts something else in the place of the account files. */
const TRAPS: Record<string, (path: string) => void> = {
  'a fifo': (path) => execFileSync('mkfifo', [path]),
  'a device': (path) => execFileSync('mknod', [path, 'c', '1', '5']),
  'a directory': (path) => mkdirSync(path),
  'a socket': (path) =>
    execFileSync('perl', [
      '-MIO::Socket::UNIX',
      '-e',
      'IO::Socket::UNIX->new(Local => shift, Listen => 1)',
      path,
    ]),
};

for (const [what, make] of Object.entries(TRAPS)) {
  const skip = what === 'a device' && process.getuid?.() !== 0 && 'making a device needs root';
  test(`${what} in the place of the account files is as good as none`, { skip }, async (t) => {
    const root = rootfs(t);
    for (const name of ['passwd', 'group']) {
      rmSync(join(root, 'etc', name));
      make(join(root, 'etc', name));
    }
    assert.deepEqual(await resolve(root, '1000'), { uid: 1000, gid: 0, additionalGids: [0] });
    await assert.rejects(resolve(root, 'app'), /unable to find user app/);
    await assert.rejects(resolve(root, '1000:app'), /unable to find group app/);
  });
}

test('a name is not looked for in a file of more than 8 MiB, and a number needs none', async (t) => {
  const root = rootfs(t);
  for (const size of [(8 << 20) + 1, 450 << 20]) {
    truncateSync(join(root, 'etc/passwd'), size);
    await assert.rejects(
      resolve(root, 'ghost'),
      /unable to look for ghost: \/etc\/passwd .* larger than 8 MiB/,
    );
    assert.equal((await resolve(root, '1000')).uid, 1000);
    truncateSync(join(root, 'etc/group'), size);
    await assert.rejects(resolve(root, '0:ghosts'), /unable to look for ghosts: \/etc\/group/);
    assert.deepEqual((await resolve(root, '4242', '7')).additionalGids, [0, 7]);
    truncateSync(join(root, 'etc/group'), 0);
  }
});

test('files that are nearly too large are read to their end', async (t) => {
  const line = 'filler:x:9:9::/:\n';
  const filling = line.repeat(Math.floor(((8 << 20) - 100) / line.length));
  const root = rootfs(t, {
    passwd: `${filling}last:x:7:8::/:`,
    group: `one:x:8:${'m,'.repeat(2 << 20)}last`,
  });
  assert.deepEqual(await resolve(root, 'last:one'), { uid: 7, gid: 8, additionalGids: [8], home: '/' });
  assert.deepEqual((await resolve(root, 'last', 'one')).additionalGids, [8]);
});

test('a process gets no more groups than there is an answer for', async (t) => {
  const groups = (count: number) =>
    Array.from({ length: count }, (_, i) => `g${i}:x:${5000 + i}:app\n`).join('');
  const root = rootfs(t, { group: groups(1023) });
  assert.equal((await resolve(root, 'app')).additionalGids.length, 1024);
  writeFileSync(join(root, 'etc/group'), groups(1024));
  await assert.rejects(resolve(root, 'app'), /more groups than/);
  assert.deepEqual((await resolve(root, 'app:1001')).additionalGids, [1001]);
  await assert.rejects(
    resolve(root, '0', ...Array.from({ length: 4000 }, (_, i) => `${i}`)),
    /more groups than/,
  );
});

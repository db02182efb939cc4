import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordingHost } from '../../host/recording/host.ts';
import type { DriverOptions } from '../../volume/driver-options.ts';
import type { Volume } from '../../volume/volumes.ts';
import { MountedVolumes } from './mounted.ts';

/** Nothing is mounted there. */
const ROOT = '/nowhere/volumes';

const volume = (name: string, options: DriverOptions = {}): Volume => ({
  name,
  createdAt: 0,
  labels: {},
  options,
  mountpoint: `${ROOT}/${name}/_data`,
});

const SHARE = { type: 'cifs', device: '//server/share', o: 'username=me,password=secret,ro' };

test('a volume with a file system of its own is mounted for its first user and unmounted after the last', async () => {
  const host = new RecordingHost();
  const mounted = new MountedVolumes(ROOT, host.mounts);
  const tmpfs = volume('t', { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,nosuid' });
  await mounted.use(tmpfs, 'first');
  await mounted.use(tmpfs, 'second');
  assert.deepEqual(host.take(), [
    ['mounts.share', ROOT],
    ['mounts.mountDevice', { device: 'tmpfs', type: 'tmpfs', flags: 2, data: 'size=1m' }, `${ROOT}/t/_data`],
  ]);
  await mounted.release(tmpfs, 'first');
  assert.deepEqual(host.take(), []);
  assert.deepEqual(mounted.usersOf('t'), ['second']);
  await mounted.release(tmpfs, 'second');
  assert.deepEqual(host.take(), [['mounts.unmount', `${ROOT}/t/_data`]]);
});

test('others need nothing of the host', async () => {
  const host = new RecordingHost();
  const mounted = new MountedVolumes(ROOT, host.mounts);
  await mounted.use(volume('plain'), 'c');
  assert.deepEqual(mounted.usersOf('plain'), ['c']);
  await mounted.release(volume('plain'), 'c');
  assert.deepEqual(mounted.usersOf('plain'), []);
  assert.deepEqual(host.calls, []);
});

test('users that come at once wait for one mount', async () => {
  const gate = Promise.withResolvers<undefined>();
  const host = new RecordingHost().on('mounts.mountDevice', () => gate.promise);
  const mounted = new MountedVolumes(ROOT, host.mounts);
  const all = ['a', 'b', 'c'].map((user) => mounted.use(volume('t', { type: 'tmpfs', device: 'x' }), user));
  gate.resolve(undefined);
  await Promise.all(all);
  assert.equal(host.callsOf('mounts.mountDevice').length, 1);
  assert.deepEqual(mounted.usersOf('t'), ['a', 'b', 'c']);
});

test('a mount that fails is reported in docker’s words, without the password, and tried again at the next use', async () => {
  const host = new RecordingHost().on('mounts.mountDevice', async () => 'Permission denied');
  const mounted = new MountedVolumes(ROOT, host.mounts);
  await assert.rejects(mounted.use(volume('s', SHARE), 'c'), {
    kind: 'system',
    message:
      "error while mounting volume '/nowhere/volumes/s/_data': failed to mount local volume: " +
      'mount //server/share:/nowhere/volumes/s/_data, flags: 0x1, data: username=me,password=********: permission denied',
  });
  assert.deepEqual(mounted.usersOf('s'), []);
  host.on('mounts.mountDevice', async () => undefined);
  await mounted.use(volume('s', SHARE), 'c');
  assert.equal(host.callsOf('mounts.mountDevice').length, 2);
});

test('after a start of the daemon, what containers use stays in use and is not mounted again', async () => {
  const host = new RecordingHost();
  const mounted = new MountedVolumes(ROOT, host.mounts);
  const tmpfs = volume('t', { type: 'tmpfs', device: 'tmpfs' });
  await mounted.recover([[tmpfs, 'adopted']]);
  await mounted.use(tmpfs, 'new');
  assert.deepEqual(host.calls, []);
  assert.deepEqual(mounted.usersOf('t'), ['adopted', 'new']);
});

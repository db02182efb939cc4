import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordingHost } from './host.ts';

test('calls are recorded in their order, over all parts, and answered as an idle host would', async () => {
  const host = new RecordingHost();
  await host.namespaces.carryOut(['netns add a'], 'a', []);
  assert.equal(host.cgroups.freeze('/barge/x', true), true);
  await host.nftables.session('t').run('add element');
  assert.deepEqual(host.take(), [
    ['namespaces.carryOut', ['netns add a'], 'a', []],
    ['cgroups.freeze', '/barge/x', true],
    ['nftables.session', 't'],
    ['nftables.session.run', 'add element'],
  ]);
  assert.deepEqual(host.calls, []);
});

test('a script answers the calls of its name, and may fail; the call is recorded all the same', async () => {
  const host = new RecordingHost().on('files.userBelow', async (root: string) => `found ${root}`);
  assert.equal(await host.files.userBelow('/r', 'root'), 'found /r');
  host.on('files.userBelow', () => Promise.reject(new Error('no')));
  await assert.rejects(host.files.userBelow('/r', 'root'), /no/);
  assert.equal(host.callsOf('files.').length, 2);
});

test('its time passes only by sleeping', async () => {
  const { clock } = new RecordingHost();
  assert.equal(clock.now(), 0);
  await clock.sleep(86_400_000);
  assert.equal(clock.now(), 86_400_000);
});

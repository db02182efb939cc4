import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { containerSpec } from '../../container/default-spec.ts';
import type { LifeEvent } from '../../container/life/event.ts';
import { ATTACHMENT, EVENTS, STATES } from '../../container/life/testing.ts';
import { NotRecorded } from '../../container/store.ts';
import { isKind } from '../../core/errors.ts';
import { clean, FakeLife, settled } from './testing.ts';

const { running, paused, restarting } = STATES;
const exit: LifeEvent = { type: 'exit', end: clean };

describe('a start', () => {
  test('begins a process, is recorded, and is followed', async () => {
    const fake = new FakeLife();
    fake.add();
    assert.equal(await fake.life.dispatch('c1', { type: 'start' }), 'done');
    assert.deepEqual(fake.log, ['begin', 'emit start', 'serve']);
    assert.deepEqual(fake.stateOf(), {
      status: 'running',
      pid: 42,
      startedAt: 1000,
      finishedAt: 0,
      restartCount: 0,
      attachment: ATTACHMENT,
    });
    assert.equal(await fake.life.dispatch('c1', { type: 'start' }), 'already-running');
  });

  test('that fails leaves its reason, and the container as it was', async () => {
    const fake = new FakeLife();
    fake.add();
    fake.startFailure = new Error('no such image layer');
    await assert.rejects(fake.life.dispatch('c1', { type: 'start' }), /no such image layer/);
    assert.deepEqual(fake.log, ['begin', 'failed: Error']);
    assert.deepEqual(fake.stateOf(), { status: 'created', exitCode: 128, error: 'no such image layer' });
  });

  test('that fails removes a container that goes with its end', async () => {
    const fake = new FakeLife();
    fake.add({ spec: containerSpec({ autoRemove: true }) });
    fake.startFailure = new Error('no');
    await assert.rejects(fake.life.dispatch('c1', { type: 'start' }), /no/);
    assert.deepEqual(fake.log, ['begin', 'erase with volumes', 'emit destroy', 'clean up', 'failed: Error']);
    assert.equal(fake.statusOf(), 'gone');
  });

  test('that cannot be recorded ends its process first, and reports why it could not', async () => {
    const fake = new FakeLife();
    fake.add();
    fake.fillDisk();
    const open = fake.hold('end');
    const start = fake.life.dispatch('c1', { type: 'start' });
    start.catch(() => {});
    await settled();
    assert.deepEqual(fake.log, ['begin', 'end the process']);
    open();
    await assert.rejects(
      start,
      (error) => error instanceof NotRecorded && /disk is full/.test(error.message),
    );
    assert.equal(fake.statusOf(), 'created');
    fake.freeDisk();
    await fake.pass(1000);
    assert.equal(fake.storedStatus(), 'created');
  });

  test('holds the queue: a removal that comes meanwhile finds the running container', async () => {
    const fake = new FakeLife();
    fake.add();
    const open = fake.hold('start');
    const start = fake.life.dispatch('c1', { type: 'start' });
    const removal = fake.life.dispatch('c1', { type: 'remove', force: true, volumes: false });
    await settled();
    assert.deepEqual(fake.log, ['begin']);
    open();
    await Promise.all([start, removal]);
    assert.deepEqual(fake.log, ['begin', 'emit start', 'serve', 'signal 9', 'emit kill']);
  });
});

describe('an exit', () => {
  test('is recorded, reported, and returns what the run held', async () => {
    const fake = new FakeLife();
    fake.add({}, running);
    await fake.life.dispatch('c1', exit);
    assert.deepEqual(fake.log, ['emit die', 'release with network', 'wake 0']);
    assert.equal(fake.storedStatus(), 'exited');
  });

  test('waits for a network change under way, and returns the network that this made', async () => {
    const fake = new FakeLife();
    fake.add({}, running);
    const changed = Promise.withResolvers<void>();
    const more = { ...ATTACHMENT, sandbox: '/run/netns/two' };
    const change = fake.life.run('c1', async (apply) => {
      await apply({ type: 'network-changing' });
      await changed.promise;
      await apply({ type: 'network-changed', attachment: more });
    });
    const ended = fake.life.dispatch('c1', exit);
    await settled();
    assert.equal(fake.statusOf(), 'running');
    changed.resolve();
    await Promise.all([change, ended]);
    assert.equal(fake.statusOf(), 'exited');
    assert.equal('attachment' in fake.stateOf(), false);
    assert.deepEqual(fake.log, ['emit die', 'release with network', 'wake 0']);
  });

  test('during another transition follows it, and is applied to what that made', async () => {
    const fake = new FakeLife();
    fake.add({}, { ...running, requested: 'stop' });
    const open = fake.hold('release');
    const first = fake.life.dispatch('c1', exit);
    const second = fake.life.dispatch('c1', { type: 'exit', end: { ...clean, code: 9 } });
    const start = fake.life.dispatch('c1', { type: 'start' });
    await settled();
    assert.equal(fake.log.includes('begin'), false, 'a start does not overtake the release of the last run');
    open();
    assert.deepEqual(await Promise.all([first, second, start]), ['done', 'not-running', 'done']);
    assert.deepEqual(fake.log, [
      'emit die',
      'emit stop',
      'release with network',
      'wake 0',
      'begin',
      'emit start',
      'serve',
    ]);
    assert.equal(fake.statusOf(), 'running');
  });

  test('that cannot be recorded is true all the same, and is recorded when that is possible', async () => {
    const fake = new FakeLife();
    fake.add({}, running);
    fake.fillDisk();
    await fake.life.dispatch('c1', exit);
    assert.deepEqual([fake.statusOf(), fake.storedStatus()], ['exited', 'running']);
    assert(fake.log.includes('wake 0'), 'those who wait do not hang');
    await fake.pass(1000);
    assert.equal(fake.storedStatus(), 'running');
    fake.freeDisk();
    await fake.pass(1000);
    assert.equal(fake.storedStatus(), 'exited');
    assert.equal(fake.timers, 0);
  });
});

describe('a restart policy', () => {
  const policy = { spec: containerSpec({ restart: { kind: 'always' } }) };

  test('starts the container again after its back-off', async () => {
    const fake = new FakeLife();
    fake.add(policy, { ...running, restartCount: 0 });
    await fake.life.dispatch('c1', { type: 'exit', end: { ...clean, at: 1500 } });
    assert.equal(fake.statusOf(), 'restarting');
    await fake.pass(99);
    assert.equal(fake.statusOf(), 'restarting');
    await fake.pass(1);
    const state = fake.stateOf();
    assert.deepEqual([state.status, 'restartCount' in state && state.restartCount], ['running', 1]);
  });

  test('goes on when there is space again', async () => {
    const fake = new FakeLife();
    fake.add(policy, { ...running, restartCount: 0 });
    fake.fillDisk();
    await fake.life.dispatch('c1', { type: 'exit', end: { ...clean, at: 1500 } });
    for (let i = 0; i < 20; i++) await fake.pass(1000);
    assert.equal(fake.statusOf(), 'restarting');
    assert(fake.log.filter((line) => line === 'end the process').length > 2, 'it has tried again and again');
    fake.freeDisk();
    await fake.pass(60_000);
    assert.deepEqual([fake.statusOf(), fake.storedStatus()], ['running', 'running']);
  });

  test('gives up for a container that cannot start, and wakes those who wait', async () => {
    const fake = new FakeLife();
    fake.add(policy, restarting);
    fake.startFailure = new Error('no such file');
    await assert.rejects(fake.life.dispatch('c1', { type: 'restart-due' }), /no such file/);
    assert.deepEqual(fake.log, ['begin', 'wake 128', 'failed: Error']);
    assert.equal(fake.statusOf(), 'exited');
  });

  test('a user’s stop in the back-off ends it', async () => {
    const fake = new FakeLife();
    fake.add(policy, running);
    await fake.life.dispatch('c1', exit);
    await fake.life.dispatch('c1', { type: 'stop', signal: 15 });
    await fake.pass(100_000);
    assert.deepEqual([fake.statusOf(), fake.timers], ['exited', 0]);
  });

  test('starts nothing any more when the daemon ends', async () => {
    const fake = new FakeLife();
    fake.add(policy, running);
    await fake.life.dispatch('c1', exit);
    assert.equal(fake.life.hasScheduled('c1'), true);
    fake.life.close();
    await fake.pass(100_000);
    assert.equal(fake.statusOf(), 'restarting');
  });
});

describe('while nothing can be written', () => {
  test('stop and kill signal, and are recorded later', async () => {
    for (const event of [EVENTS.stop, EVENTS.kill]) {
      const fake = new FakeLife();
      fake.add({}, running);
      fake.fillDisk();
      await fake.life.dispatch('c1', event);
      assert.match(fake.log[0] ?? '', /^signal/);
      const state = fake.stateOf();
      assert.equal(state.status === 'running' && state.requested, event.type);
    }
  });

  test('pause and unpause leave kernel and memory agreed', async () => {
    const fake = new FakeLife();
    fake.add({}, running);
    fake.fillDisk();
    await fake.life.dispatch('c1', { type: 'pause' });
    assert.deepEqual([fake.statusOf(), fake.log[0]], ['paused', 'freeze']);
    await fake.life.dispatch('c1', { type: 'unpause' });
    assert.deepEqual([fake.statusOf(), fake.storedStatus()], ['running', 'running']);
    assert(fake.log.includes('thaw'));
  });

  test('a removal makes room first, and leaves a dead container where that does not help', async () => {
    const fake = new FakeLife();
    fake.add({}, STATES.exited);
    fake.fillDisk();
    const removal = fake.life.dispatch('c1', { type: 'remove', force: false, volumes: false });
    await assert.rejects(removal, NotRecorded);
    assert(fake.log.includes('make room'));
    assert.equal(fake.statusOf(), 'dead');
    fake.freeDisk();
    await fake.life.dispatch('c1', { type: 'remove', force: false, volumes: false });
    assert.deepEqual([fake.statusOf(), fake.storedStatus()], ['gone', undefined]);
  });
});

describe('pause', () => {
  test('of a container whose processes have just ended is refused, and changes nothing', async () => {
    const fake = new FakeLife();
    fake.add({}, running);
    fake.hasProcesses = false;
    await assert.rejects(fake.life.dispatch('c1', { type: 'pause' }), (error) => isKind(error, 'conflict'));
    assert.equal(fake.statusOf(), 'running');
  });
});

describe('a removal', () => {
  test('that fails leaves a container that can be removed again', async () => {
    const fake = new FakeLife();
    fake.add({}, STATES.exited);
    fake.eraseFailure = new Error('a process does not end');
    const remove: LifeEvent = { type: 'remove', force: true, volumes: true };
    await assert.rejects(fake.life.dispatch('c1', remove), /a process does not end/);
    const state = fake.stateOf();
    assert.deepEqual([state.status, 'error' in state && state.error], ['dead', 'a process does not end']);
    fake.eraseFailure = undefined;
    await fake.life.dispatch('c1', remove);
    assert.equal(fake.statusOf(), 'gone');
  });

  test('of a paused container lets its processes go on, so that they can die', async () => {
    const fake = new FakeLife();
    fake.add({}, paused);
    fake.hasProcesses = false; /* they are gone already, and the cgroup with them */
    await fake.life.dispatch('c1', { type: 'remove', force: true, volumes: false });
    assert.deepEqual(fake.log, ['thaw', 'signal 9', 'emit kill']);
    await fake.life.dispatch('c1', exit);
    await fake.life.dispatch('c1', { type: 'remove', force: true, volumes: false });
    assert.equal(fake.statusOf(), 'gone');
  });

  test('with the exit is part of it: nothing comes in between', async () => {
    const fake = new FakeLife();
    fake.add({ spec: containerSpec({ autoRemove: true }) }, running);
    const ended = fake.life.dispatch('c1', exit);
    const start = fake.life.dispatch('c1', { type: 'start' });
    assert.deepEqual(await Promise.all([ended, start]), ['done', 'gone']);
    assert.deepEqual(fake.log, [
      'emit die',
      'release with network',
      'wake 0',
      'erase with volumes',
      'emit destroy',
      'clean up',
    ]);
  });
});

test('containers do not wait for each other', async () => {
  const fake = new FakeLife();
  fake.add();
  fake.add({ id: 'c2', name: 'other' }, { ...running });
  const open = fake.hold('start');
  const start = fake.life.dispatch('c1', { type: 'start' });
  await fake.life.dispatch('c2', exit);
  assert.deepEqual([fake.statusOf('c1'), fake.statusOf('c2')], ['created', 'exited']);
  open();
  await start;
});

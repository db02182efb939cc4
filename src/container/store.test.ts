import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Database } from '../store/database.ts';
import { containerSpec } from './default-spec.ts';
import { STATES } from './life/testing.ts';
import type { ContainerDefinition } from './model.ts';
import { ContainerStore, NotRecorded } from './store.ts';

const DEFINITION: ContainerDefinition = {
  id: 'c1',
  name: 'web',
  createdAt: 0,
  imageName: 'busybox',
  imageId: '',
  layers: [],
  spec: containerSpec({}),
  mounts: [],
};

function open() {
  const db = new Database(':memory:');
  const store = new ContainerStore(db);
  store.add(DEFINITION);
  const refuse = () =>
    db.run("CREATE TRIGGER full BEFORE UPDATE ON containers BEGIN SELECT RAISE(ABORT, 'disk is full'); END");
  const accept = () => db.run('DROP TRIGGER full');
  /** What a daemon that starts now finds. */
  const stored = () => new ContainerStore(db).get('c1');
  return { db, store, refuse, accept, stored };
}

test('a state is recorded, and found by the next daemon', () => {
  const { store, stored } = open();
  store.setState('c1', STATES.running);
  assert.deepEqual(store.get('c1').state, STATES.running);
  assert.deepEqual(stored().state, STATES.running);
});

test('a state that cannot be recorded is not taken', () => {
  const { store, refuse } = open();
  refuse();
  assert.throws(() => store.setState('c1', STATES.running), NotRecorded);
  assert.equal(store.get('c1').state.status, 'created');
  assert.equal(store.isRecorded('c1'), true);
});

test('a state that is noted is true at once, and recorded when that is possible', () => {
  const { store, stored, refuse, accept } = open();
  store.setState('c1', STATES.running);
  refuse();
  assert(store.noteState('c1', STATES.exited) instanceof NotRecorded);
  assert.deepEqual([store.get('c1').state.status, stored().state.status], ['exited', 'running']);
  assert.deepEqual([store.isRecorded('c1'), store.writeAgain()], [false, false]);
  accept();
  assert.equal(store.writeAgain(), true);
  assert.deepEqual([store.isRecorded('c1'), stored().state.status], [true, 'exited']);
});

test('a later state that is recorded takes the place of one that was not', () => {
  const { store, stored, refuse, accept } = open();
  refuse();
  store.noteState('c1', STATES.exited);
  accept();
  assert.equal(store.noteState('c1', STATES.dead), undefined);
  assert.equal(store.isRecorded('c1'), true);
  assert.equal(stored().state.status, 'dead');
});

test('definition and state change together, or neither does', () => {
  const { store, stored, refuse, accept } = open();
  const change = { spec: containerSpec({ hostname: 'changed' }) };
  refuse();
  assert.throws(() => store.change('c1', change, STATES.running), NotRecorded);
  assert.deepEqual([store.get('c1').definition, store.get('c1').state.status], [DEFINITION, 'created']);
  accept();
  store.change('c1', change, STATES.running);
  assert.deepEqual(stored().definition.spec, change.spec);
  assert.equal(stored().state.status, 'running');
});

test('a removal that cannot be recorded leaves the container', () => {
  const { db, store } = open();
  db.run("CREATE TRIGGER kept BEFORE DELETE ON containers BEGIN SELECT RAISE(ABORT, 'no'); END");
  assert.throws(() => store.remove('c1'), NotRecorded);
  assert.equal(store.has('c1'), true);
  db.run('DROP TRIGGER kept');
  store.remove('c1');
  assert.equal(store.has('c1'), false);
});

test('rows of before states had members of their own are read', () => {
  const { db, stored } = open();
  const old = {
    status: 'exited',
    pid: 0,
    exitCode: 2,
    error: '',
    oomKilled: false,
    startedAt: 1,
    finishedAt: 2,
    restartCount: 0,
    stoppedByUser: true,
  };
  db.run('UPDATE containers SET state = ?', JSON.stringify(old));
  const { pid, ...state } = old;
  assert.deepEqual(stored().state, state);
});

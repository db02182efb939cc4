import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LifeEventType } from './event.ts';
import type { LifeState } from './state.ts';
import { describeOutcome, EVENTS, RULES, STATES, STATUSES } from './testing.ts';
import { EVENT_TYPES, transition } from './transition.ts';

/** Every state by every event: the state that follows and what is done, or why nothing is. */
const TABLE: Readonly<Record<LifeEventType, Readonly<Record<LifeState['status'], string>>>> = {
  start: {
    created: 'created | launch 0',
    running: 'ignored: already-running',
    paused: 'refused: cannot start a paused container, try unpause instead',
    restarting: 'ignored: already-running',
    exited: 'exited | launch 0',
    removing: 'refused: container is marked for removal and cannot be started',
    dead: 'refused: container is marked for removal and cannot be started',
  },
  'restart-due': {
    created: 'ignored: nothing-to-do',
    running: 'ignored: nothing-to-do',
    paused: 'ignored: nothing-to-do',
    restarting: 'restarting | launch 3',
    exited: 'ignored: nothing-to-do',
    removing: 'ignored: nothing-to-do',
    dead: 'ignored: nothing-to-do',
  },
  started: {
    created: 'running | record or fail | emit start',
    running: 'refused: container c1 is running: its start cannot be recorded (please report this)',
    paused: 'refused: container c1 is paused: its start cannot be recorded (please report this)',
    restarting: 'running | record or fail | emit start',
    exited: 'running | record or fail | emit start',
    removing: 'refused: container c1 is removing: its start cannot be recorded (please report this)',
    dead: 'refused: container c1 is dead: its start cannot be recorded (please report this)',
  },
  'start-failed': {
    created: 'created | record',
    running: 'refused: container c1 is running: a failed start cannot be recorded (please report this)',
    paused: 'refused: container c1 is paused: a failed start cannot be recorded (please report this)',
    restarting: 'exited | record | wake 127',
    exited: 'exited | record',
    removing: 'refused: container c1 is removing: a failed start cannot be recorded (please report this)',
    dead: 'refused: container c1 is dead: a failed start cannot be recorded (please report this)',
  },
  stop: {
    created: 'ignored: not-running',
    running: 'running | signal 15 | record | emit kill 15',
    paused: 'running | thaw | signal 15 | record | emit kill 15',
    restarting: 'exited | cancel-restart | record | wake 3 | emit stop',
    exited: 'ignored: not-running',
    removing: 'ignored: not-running',
    dead: 'ignored: not-running',
  },
  restart: {
    created: 'ignored: not-running',
    running: 'running | signal 15 | record | emit kill 15',
    paused: 'running | thaw | signal 15 | record | emit kill 15',
    restarting: 'exited | cancel-restart | record | wake 3',
    exited: 'ignored: not-running',
    removing: 'refused: container is marked for removal and cannot be started',
    dead: 'refused: container is marked for removal and cannot be started',
  },
  kill: {
    created: 'refused: cannot kill container: web: container c1 is not running',
    running: 'running | signal 9 | record | emit kill 9',
    paused: 'running | thaw | signal 9 | record | emit kill 9',
    restarting: 'exited | cancel-restart | record | wake 3',
    exited: 'refused: cannot kill container: web: container c1 is not running',
    removing: 'refused: cannot kill container: web: container c1 is not running',
    dead: 'refused: cannot kill container: web: container c1 is not running',
  },
  'grace-over': {
    created: 'ignored: not-running',
    running: 'running | signal 9 | emit kill 9',
    paused: 'running | thaw | signal 9 | record | emit kill 9',
    restarting: 'ignored: not-running',
    exited: 'ignored: not-running',
    removing: 'ignored: not-running',
    dead: 'ignored: not-running',
  },
  pause: {
    created: 'refused: Container c1 is not running',
    running: 'paused | freeze or fail | record | emit pause',
    paused: 'refused: Container c1 is already paused',
    restarting: 'refused: Container c1 is restarting, wait until the container is running',
    exited: 'refused: Container c1 is not running',
    removing: 'refused: Container c1 is not running',
    dead: 'refused: Container c1 is not running',
  },
  unpause: {
    created: 'refused: Container c1 is not paused',
    running: 'refused: Container c1 is not paused',
    paused: 'running | thaw or fail | record | emit unpause',
    restarting: 'refused: Container c1 is not paused',
    exited: 'refused: Container c1 is not paused',
    removing: 'refused: Container c1 is not paused',
    dead: 'refused: Container c1 is not paused',
  },
  exit: {
    created: 'ignored: not-running',
    running: 'exited | record | emit die 7 8 | release with network | wake 7',
    paused: 'exited | record | emit die 7 8 | release with network | wake 7',
    restarting: 'ignored: not-running',
    exited: 'ignored: not-running',
    removing: 'ignored: not-running',
    dead: 'ignored: not-running',
  },
  'shim-lost': {
    created: 'ignored: not-running',
    running: 'exited | record | emit die 137 8 | release with network | wake 137',
    paused: 'exited | record | emit die 137 8 | release with network | wake 137',
    restarting: 'ignored: not-running',
    exited: 'ignored: not-running',
    removing: 'ignored: not-running',
    dead: 'ignored: not-running',
  },
  'found-ended': {
    created: 'ignored: not-running',
    running: 'exited | record | emit die 7 8 | release | wake 7',
    paused: 'exited | record | emit die 7 8 | release | wake 7',
    restarting: 'ignored: not-running',
    exited: 'ignored: not-running',
    removing: 'ignored: not-running',
    dead: 'ignored: not-running',
  },
  health: {
    created: 'ignored: not-running',
    running: 'running | record | emit health_status: healthy',
    paused: 'paused | record | emit health_status: healthy',
    restarting: 'ignored: not-running',
    exited: 'ignored: not-running',
    removing: 'ignored: not-running',
    dead: 'ignored: not-running',
  },
  remove: {
    created: 'removing | record | erase',
    running:
      'refused: cannot remove container "/web": container is running: stop the container before removing or force remove',
    paused: 'refused: cannot remove container "/web": container is paused and must be unpaused first',
    restarting:
      'refused: cannot remove container "/web": container is restarting: stop the container before removing or force remove',
    exited: 'removing | record | erase',
    removing: 'refused: removal of container c1 is already in progress',
    dead: 'removing | record | erase',
  },
  removed: {
    created: 'refused: container c1 is created: its removal cannot be recorded (please report this)',
    running: 'refused: container c1 is running: its removal cannot be recorded (please report this)',
    paused: 'refused: container c1 is paused: its removal cannot be recorded (please report this)',
    restarting: 'refused: container c1 is restarting: its removal cannot be recorded (please report this)',
    exited: 'refused: container c1 is exited: its removal cannot be recorded (please report this)',
    removing: 'removing | forget | emit destroy | clean-up',
    dead: 'refused: container c1 is dead: its removal cannot be recorded (please report this)',
  },
  'removal-failed': {
    created: 'ignored: nothing-to-do',
    running: 'ignored: nothing-to-do',
    paused: 'ignored: nothing-to-do',
    restarting: 'ignored: nothing-to-do',
    exited: 'ignored: nothing-to-do',
    removing: 'dead | record',
    dead: 'ignored: nothing-to-do',
  },
  'network-changing': {
    created: 'refused: Container c1 is not running',
    running: 'running | record or fail',
    paused: 'paused | record or fail',
    restarting: 'refused: Container c1 is not running',
    exited: 'refused: Container c1 is not running',
    removing: 'refused: Container c1 is not running',
    dead: 'refused: Container c1 is not running',
  },
  'network-changed': {
    created: 'refused: Container c1 is not running',
    running: 'running | record or fail',
    paused: 'paused | record or fail',
    restarting: 'refused: Container c1 is not running',
    exited: 'refused: Container c1 is not running',
    removing: 'refused: Container c1 is not running',
    dead: 'refused: Container c1 is not running',
  },
  'network-kept': {
    created: 'ignored: not-running',
    running: 'running | record',
    paused: 'paused | record',
    restarting: 'ignored: not-running',
    exited: 'ignored: not-running',
    removing: 'ignored: not-running',
    dead: 'ignored: not-running',
  },
  recovered: {
    created: 'ignored: not-running',
    running: 'ignored: nothing-to-do',
    paused: 'running | record',
    restarting: 'ignored: not-running',
    exited: 'ignored: not-running',
    removing: 'ignored: not-running',
    dead: 'ignored: not-running',
  },
  'daemon-ready': {
    created: 'ignored: nothing-to-do',
    running: 'ignored: nothing-to-do',
    paused: 'ignored: nothing-to-do',
    restarting: 'restarting | launch 2',
    exited: 'ignored: nothing-to-do',
    removing: 'removing | erase with volumes',
    dead: 'dead | remove with volumes',
  },
};

describe('every event in every state', () => {
  for (const type of EVENT_TYPES) {
    test(type, () => {
      const outcomes = STATUSES.map((status) => [
        status,
        describeOutcome(transition(STATES[status], EVENTS[type], RULES)),
      ]);
      assert.deepEqual(Object.fromEntries(outcomes), TABLE[type]);
    });
  }
});

test('the table has every event', () => {
  assert.deepEqual(Object.keys(TABLE).sort(), [...EVENT_TYPES].sort());
});

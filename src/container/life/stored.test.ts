import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isKind } from '../../core/errors.ts';
import type { LifeState } from './state.ts';
import { readState } from './stored.ts';
import { ATTACHMENT, STATES, STATUSES } from './testing.ts';

describe('states are read as they are stored', () => {
  for (const status of STATUSES) {
    test(status, () => assert.deepEqual(readState(JSON.stringify(STATES[status])), STATES[status]));
  }
});

/** A row of a version in which every state had every member. */
const row = (change: object) =>
  JSON.stringify({
    status: 'created',
    pid: 0,
    exitCode: 0,
    error: '',
    oomKilled: false,
    startedAt: 0,
    finishedAt: 0,
    restartCount: 0,
    stoppedByUser: false,
    ...change,
  });

const HEALTH = { Status: 'healthy', FailingStreak: 0, Log: [] } as const;
const RAN = { startedAt: 1_790_000_000_000, finishedAt: 1_790_000_005_000 };
const LAST = { exitCode: 137, error: '', oomKilled: true, ...RAN, restartCount: 4 };

const OLD: Readonly<Record<string, readonly [object, LifeState]>> = {
  'a new container': [{}, { status: 'created', exitCode: 0, error: '' }],
  'a start that failed': [
    { exitCode: 127, error: 'no such file' },
    { status: 'created', exitCode: 127, error: 'no such file' },
  ],
  'a running one with network and health': [
    { status: 'running', pid: 42, ...RAN, restartCount: 1, attachment: ATTACHMENT, health: HEALTH },
    { status: 'running', pid: 42, ...RAN, restartCount: 1, attachment: ATTACHMENT, health: HEALTH },
  ],
  'a running one that was being stopped': [
    { status: 'running', pid: 42, ...RAN, stoppedByUser: true },
    { status: 'running', pid: 42, ...RAN, restartCount: 0, requested: 'stop' },
  ],
  'a paused one': [
    { status: 'paused', pid: 42, ...RAN },
    { status: 'paused', pid: 42, ...RAN, restartCount: 0 },
  ],
  'one that waits for its restart': [
    { status: 'restarting', ...LAST },
    { status: 'restarting', ...LAST },
  ],
  'one that a user stopped': [
    { status: 'exited', ...LAST, stoppedByUser: true, health: { ...HEALTH, Status: 'unhealthy' } },
    { status: 'exited', ...LAST, stoppedByUser: true, health: { ...HEALTH, Status: 'unhealthy' } },
  ],
  'one in the middle of its removal': [
    { status: 'removing', ...LAST, removesVolumes: true },
    { status: 'removing', ...LAST, removesVolumes: true },
  ],
};

describe('rows of before states had members of their own', () => {
  for (const [what, [old, state]] of Object.entries(OLD)) {
    test(what, () => assert.deepEqual(readState(row(old)), state));
  }
});

test('what is not a state is not taken for one', () => {
  for (const text of ['{}', 'null', '[]', '{"status":"asleep"}', '"running"']) {
    assert.throws(
      () => readState(text),
      (error) => isKind(error, 'data-loss'),
    );
  }
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { shownExitCode, shownState, statusWords } from './shown.ts';
import type { LifeState } from './state.ts';
import { STATES, STATUSES } from './testing.ts';

const NEVER = '0001-01-01T00:00:00Z';
const AT = {
  500: '1970-01-01T00:00:00.500Z',
  1000: '1970-01-01T00:00:01.000Z',
  5000: '1970-01-01T00:00:05.000Z',
};

describe('the State of inspect', () => {
  test('a container that was never started', () => {
    assert.deepEqual(shownState(STATES.created), {
      Status: 'created',
      Running: false,
      Paused: false,
      Restarting: false,
      OOMKilled: false,
      Dead: false,
      Pid: 0,
      ExitCode: 0,
      Error: '',
      StartedAt: NEVER,
      FinishedAt: NEVER,
    });
  });

  test('a running one has a process, and the end of the run before', () => {
    const { Pid, ExitCode, StartedAt, FinishedAt } = shownState(STATES.running);
    assert.deepEqual([Pid, ExitCode, StartedAt, FinishedAt], [42, 0, AT[1000], AT[500]]);
  });

  test('one that has ended has an exit code and both times', () => {
    const { Pid, ExitCode, StartedAt, FinishedAt } = shownState(STATES.exited);
    assert.deepEqual([Pid, ExitCode, StartedAt, FinishedAt], [0, 3, AT[1000], AT[5000]]);
  });

  test('paused and restarting ones count as running, as Docker has it', () => {
    const flags = (state: LifeState) => {
      const { Running, Paused, Restarting, Dead } = shownState(state);
      return [Running, Paused, Restarting, Dead].map(Number).join('');
    };
    assert.deepEqual(
      STATUSES.map((status) => [status, flags(STATES[status])]),
      [
        ['created', '0000'],
        ['running', '1000'],
        ['paused', '1100'],
        ['restarting', '1010'],
        ['exited', '0000'],
        ['removing', '0000'],
        ['dead', '0001'],
      ],
    );
  });

  test('health is shown where there is a probe', () => {
    const health = { Status: 'healthy', FailingStreak: 0, Log: [] } as const;
    assert.deepEqual(shownState({ ...STATES.running, health }).Health, health);
  });
});

test('the Status of a list is in Docker’s words', () => {
  const words = STATUSES.map((status) => statusWords(STATES[status], 65_000));
  assert.deepEqual(words, [
    'Created',
    'Up About a minute',
    'Up About a minute (Paused)',
    'Restarting (3) About a minute ago',
    'Exited (3) About a minute ago',
    'Removal In Progress',
    'Dead',
  ]);
});

test('a probe’s state is beside the time of a running one', () => {
  const withHealth = (Status: 'starting' | 'healthy' | 'unhealthy' | 'none') =>
    statusWords({ ...STATES.running, health: { Status, FailingStreak: 0, Log: [] } }, 4000);
  assert.deepEqual(
    [withHealth('starting'), withHealth('healthy'), withHealth('unhealthy'), withHealth('none')],
    ['Up 3 seconds (health: starting)', 'Up 3 seconds (healthy)', 'Up 3 seconds (unhealthy)', 'Up 3 seconds'],
  );
});

test('an exit code is known of what ran and has ended', () => {
  assert.deepEqual(
    STATUSES.map((status) => shownExitCode(STATES[status])),
    [undefined, undefined, undefined, undefined, 3, undefined, 3],
  );
  assert.equal(shownExitCode({ ...STATES.exited, startedAt: 0 }), undefined);
});

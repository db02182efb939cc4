import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LifeEvent, Outcome } from './event.ts';
import type { LifeRules } from './rules.ts';
import type { LifeState, Restarting } from './state.ts';
import { describeOutcome, EVENTS, RULES, STATES } from './testing.ts';
import { transition } from './transition.ts';

const { running, paused, restarting, exited } = STATES;

const says = (state: LifeState, event: LifeEvent, rules: Partial<LifeRules> = {}) =>
  describeOutcome(transition(state, event, { ...RULES, ...rules }));

function stateAfter(state: LifeState, event: LifeEvent, rules: Partial<LifeRules> = {}): LifeState {
  const outcome: Outcome = transition(state, event, { ...RULES, ...rules });
  assert.equal(outcome.kind, 'next');
  return outcome.kind === 'next' ? outcome.state : state;
}

const exit = (code: number, at = 9000, oomKilled = false): LifeEvent => ({
  type: 'exit',
  end: { code, at, oomKilled },
});
const policy = (name: LifeRules['restart']['policy'], maximum = 0) => ({
  restart: { policy: name, maximum },
});

describe('what a restart policy makes of an exit', () => {
  const after = (code: number, rules: Partial<LifeRules>, state: LifeState = running) =>
    stateAfter(state, exit(code), rules).status;

  test('always and unless-stopped restart whatever the exit code', () => {
    for (const name of ['always', 'unless-stopped'] as const) {
      assert.deepEqual([after(0, policy(name)), after(1, policy(name))], ['restarting', 'restarting']);
    }
  });

  test('on-failure restarts a failure only, and only so often', () => {
    assert.equal(after(0, policy('on-failure')), 'exited');
    assert.equal(after(1, policy('on-failure')), 'restarting');
    assert.equal(after(1, policy('on-failure', 3)), 'restarting');
    assert.equal(after(1, policy('on-failure', 2)), 'exited');
  });

  test('no policy restarts what a user ended', () => {
    for (const requested of ['stop', 'kill', 'restart'] as const) {
      const state = stateAfter({ ...running, requested }, exit(137), policy('always'));
      assert.equal(state.status, 'exited');
      assert.equal(state.status === 'exited' && state.stoppedByUser, true);
    }
  });

  test('a shim that was lost counts as killed', () => {
    const lost = says(running, EVENTS['shim-lost'], policy('on-failure'));
    assert.equal(
      lost,
      'restarting | record | emit die 137 8 | release with network | restart in 400 | wake 137',
    );
  });

  test('a paused container that ends is restarted as well', () => {
    assert.equal(after(0, policy('always'), paused), 'restarting');
  });
});

describe('the back-off of restarts', () => {
  const delays = (state: Restarting, ends: number) => {
    const found: string[] = [];
    let { restartCount } = state;
    for (let i = 0; i < ends; i++) {
      const text = says({ ...running, restartCount }, exit(1, 2000), policy('always'));
      found.push(/restart in (\d+)/.exec(text)?.[1] ?? '');
      restartCount++;
    }
    return found;
  };

  test('doubles from 100 ms to a minute', () => {
    const found = delays({ ...restarting, restartCount: 0 }, 12);
    const wanted = [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000];
    assert.deepEqual(found, wanted.map(String));
  });

  test('begins anew for a container that ran ten seconds', () => {
    const text = says({ ...running, restartCount: 9 }, exit(1, 11_000), policy('always'));
    assert.match(text, /restart in 100 /);
    const state = stateAfter({ ...running, restartCount: 9 }, exit(1, 11_000), policy('always'));
    assert.equal(says(state, { type: 'restart-due' }), 'restarting | launch 1');
  });

  test('goes on, longer each time, while nothing can be written', () => {
    const failed: LifeEvent = { type: 'start-failed', exitCode: 128, message: 'disk full', retry: true };
    let state: LifeState = { ...restarting, startedAt: 0, finishedAt: 100, restartCount: 0 };
    const found: string[] = [];
    for (let i = 0; i < 3; i++) {
      found.push(says(state, failed));
      state = stateAfter(state, failed);
    }
    assert.deepEqual(found, [
      'restarting | record | restart in 200',
      'restarting | record | restart in 400',
      'restarting | record | restart in 800',
    ]);
    assert.equal(says(state, { type: 'restart-due' }), 'restarting | launch 1');
  });

  test('a start that fails for another reason ends it, and wakes those who wait', () => {
    assert.equal(says(restarting, EVENTS['start-failed']), 'exited | record | wake 127');
    const state = stateAfter(restarting, EVENTS['start-failed']);
    assert.deepEqual(
      [state.status, 'exitCode' in state && state.exitCode, 'error' in state && state.error],
      ['exited', 127, 'not found'],
    );
  });
});

describe('a container that is removed when it ends', () => {
  const rules = { autoRemove: true };

  test('goes with its exit, its volumes too, after those who wait have heard of it', () => {
    assert.match(says(running, exit(0), rules), /\| wake 0 \| remove with volumes$/);
    assert.match(says(running, EVENTS['shim-lost'], rules), /\| wake 137 \| remove with volumes$/);
  });

  test('goes with a start that fails', () => {
    assert.equal(
      says(STATES.created, EVENTS['start-failed'], rules),
      'created | record | remove with volumes',
    );
  });

  test('stays when the end is part of a restart', () => {
    assert.doesNotMatch(says({ ...running, requested: 'restart' }, exit(0), rules), /remove/);
  });
});

describe('events of an end', () => {
  test('a kill for want of memory is reported before the end', () => {
    assert.match(says(running, exit(137, 9000, true)), /record \| emit oom \| emit die 137 8 \|/);
  });

  test('a stop or restart is reported after the end, a kill is not', () => {
    assert.match(says({ ...running, requested: 'stop' }, exit(0)), /emit die 0 8 \| emit stop/);
    assert.match(says({ ...running, requested: 'restart' }, exit(0)), /emit die 0 8 \| emit stop/);
    assert.doesNotMatch(says({ ...running, requested: 'kill' }, exit(0)), /emit stop/);
  });

  test('a stop by SIGKILL says whose signal it stands for', () => {
    const text = says(running, { type: 'stop', signal: 9, deaf: 15 });
    assert.equal(text, 'running | signal 9 | record | emit kill 9 pid 1 drops signal 15');
  });
});

describe('kill', () => {
  const kill = (signal: number): LifeEvent => ({ type: 'kill', signal, ref: 'web' });

  test('SIGKILL and the stop signal are a request to end, others are not', () => {
    assert.equal(says(running, kill(15)), 'running | signal 15 | record | emit kill 15');
    assert.equal(says(running, kill(10)), 'running | signal 10 | emit kill 10');
    assert.equal(says(running, kill(10), { stopSignal: 10 }), 'running | signal 10 | record | emit kill 10');
  });

  test('a paused container is let go on only for a signal that ends it', () => {
    assert.equal(says(paused, kill(9)), 'running | thaw | signal 9 | record | emit kill 9');
    assert.equal(says(paused, kill(10)), 'paused | signal 10 | emit kill 10');
  });

  test('in the middle of a restart it changes nothing about the start that follows', () => {
    const state = stateAfter({ ...running, requested: 'restart' }, kill(9));
    assert.equal(state.status === 'running' && state.requested, 'restart');
  });

  test('a container that waits for its restart stays as it is', () => {
    assert.equal(says(restarting, kill(9)), 'exited | cancel-restart | record | wake 3');
    assert.equal(says(restarting, kill(10)), 'restarting | signal 10 | emit kill 10');
  });
});

test('the end of a grace period means the run that was asked to end', () => {
  assert.equal(says(running, { type: 'grace-over', startedAt: 999 }), 'ignored: another-run');
});

describe('forced removal', () => {
  const remove: LifeEvent = { type: 'remove', force: true, volumes: true };

  test('kills first what runs, and removes nothing yet', () => {
    assert.equal(says(running, remove), 'running | signal 9 | record | emit kill 9');
    assert.equal(says(paused, remove), 'running | thaw | signal 9 | record | emit kill 9');
  });

  test('ends the wait for a restart', () => {
    assert.equal(
      says(restarting, remove),
      'removing | cancel-restart | record | wake 3 | erase with volumes',
    );
  });

  test('removes again what could not be removed', () => {
    assert.equal(says(STATES.dead, remove), 'removing | record | erase with volumes');
  });
});

describe('what the daemon starts when it starts', () => {
  const ready: LifeEvent = { type: 'daemon-ready' };

  test('always, whatever ended; unless-stopped, unless a user stopped it', () => {
    assert.equal(says(exited, ready, policy('always')), 'exited | launch 2');
    assert.equal(says({ ...exited, stoppedByUser: true }, ready, policy('always')), 'exited | launch 2');
    assert.equal(says(exited, ready, policy('unless-stopped')), 'exited | launch 2');
    const stopped = { ...exited, stoppedByUser: true };
    assert.equal(says(stopped, ready, policy('unless-stopped')), 'ignored: nothing-to-do');
    assert.equal(says(exited, ready, policy('on-failure')), 'ignored: nothing-to-do');
  });

  test('a container that was never started stays so', () => {
    assert.equal(says(STATES.created, ready, policy('always')), 'ignored: nothing-to-do');
  });
});

describe('health', () => {
  const probe = (ExitCode: number, at = 3000): LifeEvent => ({
    type: 'health',
    startedAt: 1000,
    at,
    result: { Start: 'a', End: 'b', ExitCode, Output: '' },
  });
  const health = (state: LifeState) => ('health' in state ? state.health : undefined);

  test('three failures in a row make a container unhealthy, one success healthy', () => {
    let state: LifeState = running;
    const seen: (string | undefined)[] = [];
    for (const code of [1, 1, 1, 0]) {
      state = stateAfter(state, probe(code));
      seen.push(health(state)?.Status);
    }
    assert.deepEqual(seen, ['starting', 'starting', 'unhealthy', 'healthy']);
    assert.equal(health(state)?.FailingStreak, 0);
  });

  test('failures of the start period do not count, those after a success do', () => {
    const rules = { health: { startPeriod: 10_000, retries: 1 } };
    const excused = stateAfter(running, probe(1), rules);
    assert.deepEqual([health(excused)?.Status, health(excused)?.FailingStreak], ['starting', 0]);
    const late = stateAfter(running, probe(1, 12_000), rules);
    assert.equal(health(late)?.Status, 'unhealthy');
    const healthy = stateAfter(running, probe(0), rules);
    assert.equal(health(stateAfter(healthy, probe(1), rules))?.Status, 'unhealthy');
  });

  test('only a change is reported, and five results are kept', () => {
    let state: LifeState = stateAfter(running, probe(0));
    assert.equal(says(state, probe(0)), 'running | record');
    for (let i = 0; i < 9; i++) state = stateAfter(state, probe(0));
    assert.equal(health(state)?.Log?.length, 5);
  });

  test('a result of an earlier run is ignored', () => {
    assert.equal(says({ ...running, startedAt: 2000 }, probe(0)), 'ignored: another-run');
  });

  test('a container that has ended is unhealthy', () => {
    const state = stateAfter(stateAfter(running, probe(0)), exit(0));
    assert.equal(health(state)?.Status, 'unhealthy');
  });
});

test('a new daemon believes the kernel about what is frozen', () => {
  assert.equal(says(running, { type: 'recovered', frozen: true }), 'paused | record');
  assert.equal(says(paused, { type: 'recovered', frozen: true }), 'ignored: nothing-to-do');
});

/** Random sequences of events: what holds whatever comes in whatever order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Effect, LifeEvent } from './event.ts';
import type { LifeRules } from './rules.ts';
import { CREATED, isBusy, isRunning, type LifeState } from './state.ts';
import { readState } from './stored.ts';
import { ATTACHMENT, EVENTS, RULES } from './testing.ts';
import { transition } from './transition.ts';

const time = fc.integer({ min: 1, max: 60_000 });
const signal = fc.constantFrom(1, 9, 10, 15);
const end = fc.record({
  code: fc.constantFrom(0, 1, 137),
  at: time,
  oomKilled: fc.boolean(),
});

const event: fc.Arbitrary<LifeEvent> = fc.oneof(
  fc.constantFrom<LifeEvent>(...Object.values(EVENTS), { ...EVENTS.started, at: 1000 }),
  fc.record({
    type: fc.constant('started' as const),
    pid: fc.integer({ min: 1, max: 99 }),
    at: time,
    restartCount: fc.nat(5),
    attachment: fc.constant(ATTACHMENT),
    hasProbe: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('start-failed' as const),
    exitCode: fc.constantFrom(126, 127, 128),
    message: fc.constant('no'),
    retry: fc.boolean(),
  }),
  fc.record({ type: fc.constantFrom('stop' as const, 'restart' as const), signal }),
  fc.record({ type: fc.constant('kill' as const), signal, ref: fc.constant('web') }),
  fc.record({ type: fc.constant('exit' as const), end }),
  fc.record({ type: fc.constant('remove' as const), force: fc.boolean(), volumes: fc.boolean() }),
  fc.record({ type: fc.constant('recovered' as const), frozen: fc.boolean() }),
);

const rules: fc.Arbitrary<LifeRules> = fc.record({
  id: fc.constant(RULES.id),
  name: fc.constant(RULES.name),
  restart: fc.record({
    policy: fc.constantFrom(
      'no' as const,
      'always' as const,
      'unless-stopped' as const,
      'on-failure' as const,
    ),
    maximum: fc.nat(3),
  }),
  autoRemove: fc.boolean(),
  stopSignal: signal,
  health: fc.record({ startPeriod: fc.nat(20_000), retries: fc.integer({ min: 1, max: 3 }) }),
});

interface Step {
  readonly before: LifeState;
  readonly event: LifeEvent;
  readonly after: LifeState;
  readonly effects: readonly Effect[];
}

/** Calls `check` for every transition of a sequence that begins with a new container. */
function holds(check: (step: Step, rules: LifeRules) => void): void {
  fc.assert(
    fc.property(rules, fc.array(event, { maxLength: 40 }), (given, events) => {
      let state: LifeState = CREATED;
      for (const one of events) {
        const outcome = transition(state, one, given);
        if (outcome.kind !== 'next') continue;
        check({ before: state, event: one, after: outcome.state, effects: outcome.effects }, given);
        state = outcome.state;
      }
    }),
    { numRuns: 2000 },
  );
}

const does = ({ effects }: Step, what: Effect['do']) => effects.some((effect) => effect.do === what);

test('a state survives being stored', () => {
  holds(({ after }) => assert.deepEqual(readState(JSON.stringify(after)), after));
});

test('a state that changes is recorded, before anybody hears of it', () => {
  holds((step) => {
    if (step.before === step.after) return;
    const first = (what: Effect['do']) => step.effects.findIndex((effect) => effect.do === what);
    const recorded = first('record');
    assert.notEqual(recorded, -1);
    for (const what of ['emit', 'wake', 'erase', 'schedule-restart'] as const) {
      const told = first(what);
      const onlyKill = step.event.type === 'grace-over' || step.event.type === 'kill';
      assert(told === -1 || told > recorded || onlyKill, `${what} before record`);
    }
  });
});

test('the end of a run returns what it held, and wakes those who wait; nothing else does', () => {
  holds((step) => {
    const ends = isRunning(step.before) && !isRunning(step.after);
    assert.equal(does(step, 'release'), ends);
    const over = isBusy(step.before) && !isBusy(step.after);
    if (ends || over) assert(does(step, 'wake'));
    else assert.equal(does(step, 'wake'), false);
  });
});

test('a container waits for a restart as long as a timer or a start is on its way', () => {
  holds((step) => {
    const waits = step.after.status === 'restarting';
    if (waits && step.before.status !== 'restarting') assert(does(step, 'schedule-restart'));
    if (!waits) assert.equal(does(step, 'schedule-restart'), false);
    const left = step.before.status === 'restarting' && !waits;
    /* A start that has come this far has cancelled the timer. */
    const launched = step.event.type === 'started' || step.event.type === 'start-failed';
    if (left && !launched) assert(does(step, 'cancel-restart'));
  });
});

test('a run whose end a user asked for is not followed by its policy', () => {
  holds(({ before, after }) => {
    if (isRunning(before) && before.requested && !isRunning(after)) assert.equal(after.status, 'exited');
  });
});

test('processes are never left frozen in a container that is recorded as running', () => {
  holds((step) => {
    const { before, event: one } = step;
    const resumes = before.status === 'paused' && step.after.status === 'running';
    if (resumes && one.type !== 'recovered') assert(does(step, 'thaw'));
    if (before.status === 'running' && step.after.status === 'paused' && one.type !== 'recovered') {
      assert.equal(step.effects[0]?.do, 'freeze');
    }
  });
});

test('only a container that does not run is removed', () => {
  holds((step) => {
    if (does(step, 'erase')) assert.equal(step.after.status, 'removing');
    if (does(step, 'forget')) assert.equal(step.before.status, 'removing');
    if (step.after.status === 'removing') assert.equal(isRunning(step.before), false);
  });
});

test('signals go only to runs, and a start is only asked for where there is none', () => {
  holds((step) => {
    if (does(step, 'launch')) assert.equal(isRunning(step.before), false);
    if (does(step, 'signal')) assert(isBusy(step.before));
  });
});

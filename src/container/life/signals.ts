import type { Effect, EventOf, Outcome } from './event.ts';
import { emit, ignored, next, RECORD, refused } from './outcomes.ts';
import { endedMeanwhile, killRefusal, pauseRefusal, startRefusal, unpauseRefusal } from './refusals.ts';
import type { LifeRules } from './rules.ts';
import { restartCancelled } from './starts.ts';
import { type EndRequest, isRunning, type LifeState, type Paused, type Running } from './state.ts';

const SIGKILL = 9;

export function onStop(state: LifeState, event: EventOf<'stop'>): Outcome {
  if (state.status === 'restarting') return restartCancelled(state, ['stop']);
  return isRunning(state) ? endRequested(state, 'stop', event) : ignored('not-running');
}

/** The end of a run that is to be followed by a start; without a run, the start alone. */
export function onRestart(state: LifeState, event: EventOf<'restart'>): Outcome {
  if (isRunning(state)) return endRequested(state, 'restart', event);
  if (state.status === 'restarting') return restartCancelled(state);
  const refusal = startRefusal(state);
  return refusal ? refused(refusal) : ignored('not-running');
}

/** @param deaf a signal that would not be seen, in whose place another is sent. */
function endRequested(
  state: Running | Paused,
  request: EndRequest,
  { signal, deaf }: EventOf<'stop' | 'restart'>,
): Outcome {
  const reason = deaf === undefined ? {} : { reason: `pid 1 drops signal ${deaf}` };
  return next(
    requesting(state, request),
    ...letGo(state),
    { do: 'signal', signal },
    RECORD,
    emit('kill', { signal: `${signal}`, ...reason }),
  );
}

export function onGraceOver(state: LifeState, { startedAt }: EventOf<'grace-over'>): Outcome {
  if (!isRunning(state)) return ignored('not-running');
  if (state.startedAt !== startedAt) return ignored('another-run');
  return next(
    state.status === 'paused' ? requesting(state, state.requested ?? 'stop') : state,
    ...letGo(state),
    { do: 'signal', signal: SIGKILL },
    state.status === 'paused' ? RECORD : undefined,
    emit('kill', { signal: `${SIGKILL}` }),
  );
}

/** Restart policies take SIGKILL and the container's stop signal as a user's request that it ends. */
export function onKill(state: LifeState, { signal, ref }: EventOf<'kill'>, rules: LifeRules): Outcome {
  const refusal = killRefusal(state, rules, ref);
  if (refusal) return refused(refusal);
  const ends = signal === SIGKILL || signal === rules.stopSignal;
  if (state.status === 'restarting' && ends) return restartCancelled(state);
  const sent: Effect[] = [{ do: 'signal', signal }, emit('kill', { signal: `${signal}` })];
  if (!isRunning(state) || !ends) return next(state, ...sent);
  return next(requesting(state, state.requested ?? 'kill'), ...letGo(state), sent[0], RECORD, sent[1]);
}

/** A frozen process sees no signal, and on cgroup v1 does not even die: it runs from here on. */
export const letGo = ({ status }: Running | Paused): Effect[] =>
  status === 'paused' ? [{ do: 'thaw' }] : [];

export const requesting = (state: Running | Paused, requested: EndRequest): Running => ({
  ...state,
  status: 'running',
  requested,
});

export function onPause(state: LifeState, rules: LifeRules): Outcome {
  if (state.status !== 'running') return refused(pauseRefusal(state, rules) ?? endedMeanwhile(rules));
  /* The kernel first: the record then says what is so, and cannot contradict it. */
  return next(
    { ...state, status: 'paused' },
    { do: 'freeze', orElse: endedMeanwhile(rules) },
    RECORD,
    emit('pause'),
  );
}

export function onUnpause(state: LifeState, rules: LifeRules): Outcome {
  if (state.status !== 'paused') return refused(unpauseRefusal(state, rules) ?? endedMeanwhile(rules));
  return next(
    { ...state, status: 'running' },
    { do: 'thaw', orElse: endedMeanwhile(rules) },
    RECORD,
    emit('unpause'),
  );
}

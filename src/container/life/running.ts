import type { EventOf, Outcome } from './event.ts';
import { nextHealth } from './health.ts';
import { emit, ignored, next, RECORD, RECORD_FIRST, refused } from './outcomes.ts';
import { endedMeanwhile } from './refusals.ts';
import type { LifeRules } from './rules.ts';
import { isRunning, type LifeState } from './state.ts';

/* What happens to a container while it runs, other than its end. */

export function onHealth(state: LifeState, event: EventOf<'health'>, rules: LifeRules): Outcome {
  if (!isRunning(state)) return ignored('not-running');
  const { startedAt, at, result } = event;
  if (state.startedAt !== startedAt) return ignored('another-run');
  const health = nextHealth(state.health, result, rules.health, at - startedAt);
  const changed = health.Status !== (state.health?.Status ?? 'starting');
  return next({ ...state, health }, RECORD, changed ? emit(`health_status: ${health.Status}`) : undefined);
}

/** Recorded before the kernel changes, so that a daemon that starts after a crash knows where to look. */
export function onNetworkChanging(state: LifeState, rules: LifeRules): Outcome {
  if (!isRunning(state) || !state.attachment) return refused(endedMeanwhile(rules));
  return next({ ...state, attachment: { ...state.attachment, changing: true } }, RECORD_FIRST);
}

export function onNetworkChanged(
  state: LifeState,
  { attachment }: EventOf<'network-changed'>,
  rules: LifeRules,
): Outcome {
  if (!isRunning(state)) return refused(endedMeanwhile(rules));
  return next({ ...state, attachment }, RECORD_FIRST);
}

export function onNetworkKept(state: LifeState, { attachment }: EventOf<'network-kept'>): Outcome {
  return isRunning(state) ? next({ ...state, attachment }, RECORD) : ignored('not-running');
}

/** The kernel knows better than the record whether processes are stopped where they are. */
export function onRecovered(state: LifeState, { frozen }: EventOf<'recovered'>): Outcome {
  if (!isRunning(state)) return ignored('not-running');
  const status = frozen ? 'paused' : 'running';
  return status === state.status ? ignored('nothing-to-do') : next({ ...state, status }, RECORD);
}

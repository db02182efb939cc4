import type { EventOf, Outcome } from './event.ts';
import { CANCEL_RESTART, emit, ignored, next, RECORD, refused, unexpected, wake } from './outcomes.ts';
import { removeRefusal } from './refusals.ts';
import type { LifeRules } from './rules.ts';
import { letGo, requesting } from './signals.ts';
import { isRunning, type LifeState, lastRun } from './state.ts';

const SIGKILL = 9;

/** A running container is killed first: its removal follows its end, by a second event of this type. */
export function onRemove(state: LifeState, event: EventOf<'remove'>, rules: LifeRules): Outcome {
  const { force, volumes } = event;
  const refusal = removeRefusal(state, rules, force);
  if (refusal) return refused(refusal);
  if (isRunning(state)) {
    return next(
      requesting(state, 'kill'),
      ...letGo(state),
      { do: 'signal', signal: SIGKILL },
      RECORD,
      emit('kill', { signal: `${SIGKILL}` }),
    );
  }
  const waits = state.status === 'restarting';
  return next(
    { status: 'removing', ...lastRun(state), removesVolumes: volumes },
    waits ? CANCEL_RESTART : undefined,
    RECORD,
    waits ? wake(lastRun(state)) : undefined,
    { do: 'erase', volumes },
  );
}

export function onRemoved(state: LifeState, rules: LifeRules): Outcome {
  if (state.status !== 'removing') return unexpected('its removal', state, rules);
  return next(state, { do: 'forget' }, emit('destroy'), { do: 'clean-up' });
}

/** What is left can be removed again, by a user or the next daemon. */
export function onRemovalFailed(state: LifeState, { message }: EventOf<'removal-failed'>): Outcome {
  if (state.status !== 'removing') return ignored('nothing-to-do');
  const { removesVolumes } = state;
  return next({ ...lastRun(state), status: 'dead', error: message, removesVolumes }, RECORD);
}

import type { EventOf, Outcome } from './event.ts';
import { STARTING } from './health.ts';
import {
  CANCEL_RESTART,
  emit,
  ignored,
  next,
  RECORD,
  RECORD_FIRST,
  refused,
  unexpected,
  wake,
} from './outcomes.ts';
import { backOff, nextCount } from './policy.ts';
import { startRefusal } from './refusals.ts';
import type { LifeRules } from './rules.ts';
import {
  type Exited,
  isBusy,
  isLeaving,
  isRunning,
  type LifeState,
  lastRun,
  type Restarting,
} from './state.ts';

export function onStart(state: LifeState): Outcome {
  if (state.status === 'running' || state.status === 'restarting') return ignored('already-running');
  const refusal = startRefusal(state);
  return refusal ? refused(refusal) : next(state, { do: 'launch', restartCount: 0 });
}

export function onRestartDue(state: LifeState): Outcome {
  if (state.status !== 'restarting') return ignored('nothing-to-do');
  return next(state, { do: 'launch', restartCount: nextCount(state) });
}

export function onStarted(state: LifeState, event: EventOf<'started'>, rules: LifeRules): Outcome {
  if (isRunning(state) || isLeaving(state)) return unexpected('its start', state, rules);
  const { pid, at, restartCount, attachment, hasProbe } = event;
  return next(
    {
      status: 'running',
      pid,
      startedAt: at,
      finishedAt: lastRun(state).finishedAt,
      restartCount,
      ...(attachment ? { attachment } : {}),
      ...(hasProbe ? { health: STARTING } : {}),
    },
    /* The process runs: nobody but this record knows it, so without the record it must end again. */
    RECORD_FIRST,
    emit('start'),
  );
}

export function onStartFailed(state: LifeState, event: EventOf<'start-failed'>, rules: LifeRules): Outcome {
  if (isRunning(state) || isLeaving(state)) return unexpected('a failed start', state, rules);
  const { exitCode, message: error } = event;
  if (state.status === 'restarting') return failedRestart(state, event, rules);
  const removal = rules.autoRemove ? ({ do: 'remove', volumes: true } as const) : undefined;
  return next({ ...state, exitCode, error }, RECORD, removal);
}

function failedRestart(
  state: Restarting,
  { exitCode, message: error, retry }: EventOf<'start-failed'>,
  { autoRemove }: LifeRules,
): Outcome {
  if (retry) {
    const waiting = { ...state, error, failedStarts: (state.failedStarts ?? 0) + 1 };
    return next(waiting, RECORD, { do: 'schedule-restart', delay: backOff(waiting) });
  }
  const exited = exitedFrom({ ...state, exitCode, error }, false);
  return next(exited, RECORD, wake(exited), autoRemove ? { do: 'remove', volumes: true } : undefined);
}

/** No start follows the last end any more: it is what those who wait get. */
function exitedFrom(state: Restarting, stoppedByUser: boolean): Exited {
  const { health } = state;
  return { status: 'exited', ...lastRun(state), stoppedByUser, ...(health ? { health } : {}) };
}

/** The user wants the container to stay as it is, not to be started by its policy. */
export function restartCancelled(state: Restarting, ...more: Parameters<typeof emit>[]): Outcome {
  const exited = exitedFrom(state, true);
  return next(exited, CANCEL_RESTART, RECORD, wake(exited), ...more.map((args) => emit(...args)));
}

export function onDaemonReady(state: LifeState, { restart }: LifeRules): Outcome {
  if (isLeaving(state)) {
    const how = state.status === 'removing' ? 'erase' : 'remove';
    return next(state, { do: how, volumes: state.removesVolumes });
  }
  if (state.status === 'restarting') return next(state, { do: 'launch', restartCount: state.restartCount });
  if (isBusy(state) || state.status === 'created') return ignored('nothing-to-do');
  /* `on-failure` looks at how a run ends, not at what has ended before. */
  const wanted = restart.policy === 'always' || (restart.policy === 'unless-stopped' && !state.stoppedByUser);
  if (!wanted) return ignored('nothing-to-do');
  return next(state, { do: 'launch', restartCount: state.restartCount });
}

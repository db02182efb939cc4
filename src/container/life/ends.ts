import type { Attachment } from './attachment.ts';
import type { Effect, EventOf, Outcome, ProcessEnd } from './event.ts';
import { endedHealth } from './health.ts';
import { emit, ignored, next, RECORD, wake } from './outcomes.ts';
import { backOff, wantsRestart } from './policy.ts';
import type { LifeRules } from './rules.ts';
import {
  type Exited,
  isRunning,
  type LastRun,
  type LifeState,
  type Paused,
  type Restarting,
  type Running,
} from './state.ts';

/** 128 and SIGKILL: what is left of a container whose shim has died is killed. */
export const KILLED_EXIT_CODE = 137;

export function onExit(state: LifeState, { end }: EventOf<'exit'>, rules: LifeRules): Outcome {
  return isRunning(state) ? ended(state, end, '', state.attachment, rules) : ignored('not-running');
}

export function onShimLost(state: LifeState, event: EventOf<'shim-lost'>, rules: LifeRules): Outcome {
  if (!isRunning(state)) return ignored('not-running');
  const end = { code: KILLED_EXIT_CODE, at: event.at, oomKilled: false };
  return ended(state, end, event.message, state.attachment, rules);
}

export function onFoundEnded(state: LifeState, event: EventOf<'found-ended'>, rules: LifeRules): Outcome {
  if (!isRunning(state)) return ignored('not-running');
  return ended(state, event.end, event.message, undefined, rules);
}

/** The run is over: its policies decide what follows. */
function ended(
  state: Running | Paused,
  end: ProcessEnd,
  error: string,
  attachment: Attachment | undefined,
  rules: LifeRules,
): Outcome {
  const { startedAt, restartCount, requested, health } = state;
  const run: LastRun = {
    exitCode: end.code,
    error,
    oomKilled: end.oomKilled,
    startedAt,
    finishedAt: end.at,
    restartCount,
  };
  const after: Restarting | Exited =
    requested === undefined && wantsRestart(rules, run)
      ? { status: 'restarting', ...run, ...endedHealth(health) }
      : { status: 'exited', ...run, stoppedByUser: requested !== undefined, ...endedHealth(health) };
  return next(
    after,
    RECORD,
    ...endEvents(run, requested !== undefined && requested !== 'kill'),
    { do: 'release', ...(attachment ? { attachment } : {}) },
    after.status === 'restarting' ? { do: 'schedule-restart', delay: backOff(after) } : undefined,
    wake(run),
    ...endsInRemoval(after, state, rules),
  );
}

function endEvents({ exitCode, oomKilled, startedAt, finishedAt }: LastRun, stopped: boolean): Effect[] {
  const seconds = Math.max(0, Math.round((finishedAt - startedAt) / 1000));
  return [
    ...(oomKilled ? [emit('oom')] : []),
    emit('die', { exitCode: `${exitCode}`, execDuration: `${seconds}` }),
    ...(stopped ? [emit('stop')] : []),
  ];
}

/** A restart that a user asked for keeps a container that would go with its end. */
function endsInRemoval(
  after: LifeState,
  { requested }: Running | Paused,
  { autoRemove }: LifeRules,
): Effect[] {
  if (!autoRemove || after.status === 'restarting' || requested === 'restart') return [];
  return [{ do: 'remove', volumes: true }];
}

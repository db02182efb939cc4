import type { ContainerState } from '../../api/engine/containers.ts';
import { formatDuration } from '../../core/units.ts';
import { healthOf, isBusy, isRunning, type LifeState, lastRun } from './state.ts';

/* A state as the Engine API shows it. */

/** Docker's way to say "never". */
const NEVER = '0001-01-01T00:00:00Z';

export const timeText = (milliseconds: number) =>
  milliseconds ? new Date(milliseconds).toISOString() : NEVER;

/** The `State` of inspect. */
export function shownState(state: LifeState): ContainerState {
  const { exitCode, error, oomKilled, startedAt, finishedAt } = lastRun(state);
  const health = healthOf(state);
  return {
    Status: state.status,
    Running: isBusy(state),
    Paused: state.status === 'paused',
    Restarting: state.status === 'restarting',
    OOMKilled: oomKilled,
    Dead: state.status === 'dead',
    Pid: isRunning(state) ? state.pid : 0,
    ExitCode: exitCode,
    Error: error,
    StartedAt: timeText(startedAt),
    FinishedAt: timeText(finishedAt),
    ...(health ? { Health: health } : {}),
  };
}

/** `Up 3 minutes`, `Exited (0) 2 hours ago`, …: the `Status` of a list's row, in Docker's words. */
export function statusWords(state: LifeState, now = Date.now()): string {
  const since = (at: number) => formatDuration(Math.max(0, now - at) / 1000);
  switch (state.status) {
    case 'running': {
      const health = state.health && state.health.Status !== 'none' ? state.health.Status : undefined;
      const words = health === 'starting' ? ' (health: starting)' : health ? ` (${health})` : '';
      return `Up ${since(state.startedAt)}${words}`;
    }
    case 'paused':
      return `Up ${since(state.startedAt)} (Paused)`;
    case 'restarting':
      return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    case 'created':
      return 'Created';
    case 'exited':
      return `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`;
  }
}

/** The exit code that filters and `wait` see; undefined for a container that never ran or still does. */
export function shownExitCode(state: LifeState): number | undefined {
  const ended = state.status === 'exited' || state.status === 'dead';
  return ended && state.startedAt > 0 ? state.exitCode : undefined;
}

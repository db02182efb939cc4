import type { Health } from '../../api/engine/containers.ts';
import type { Attachment } from './attachment.ts';

/** The last run of a container, as far as it is over. Times are milliseconds since 1970; 0: never. */
export interface LastRun {
  readonly exitCode: number;
  /** Why the run failed to start, or ended without an exit code. */
  readonly error: string;
  readonly oomKilled: boolean;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly restartCount: number;
}

/** Not started yet. A start that failed leaves its exit code and message. */
interface Created {
  readonly status: 'created';
  readonly exitCode: number;
  readonly error: string;
}

/** The user's request that will end the run; restart policies look at it. */
export type EndRequest = 'stop' | 'kill' | 'restart';

interface Up {
  readonly pid: number;
  readonly startedAt: number;
  /** When the run before this one ended. */
  readonly finishedAt: number;
  readonly restartCount: number;
  readonly requested?: EndRequest;
  readonly attachment?: Attachment;
  readonly health?: Health;
}

export interface Running extends Up {
  readonly status: 'running';
}

export interface Paused extends Up {
  readonly status: 'paused';
}

/** The process has ended, and the restart policy starts the container again after its back-off. */
export interface Restarting extends LastRun {
  readonly status: 'restarting';
  /** Starts that failed since the last run because nothing could be written; they make the back-off longer. */
  readonly failedStarts?: number;
  readonly health?: Health;
}

export interface Exited extends LastRun {
  readonly status: 'exited';
  /** `unless-stopped` looks at it when the daemon starts. */
  readonly stoppedByUser: boolean;
  readonly health?: Health;
}

interface Removing extends LastRun {
  readonly status: 'removing';
  /** Its anonymous volumes are removed, too. */
  readonly removesVolumes: boolean;
}

/** A removal that failed: the container can only be removed again. `error` says why. */
interface Dead extends LastRun {
  readonly status: 'dead';
  readonly removesVolumes: boolean;
}

export type LifeState = Created | Running | Paused | Restarting | Exited | Removing | Dead;

export const CREATED: Created = { status: 'created', exitCode: 0, error: '' };

/** The container has a process. */
export function isRunning(state: LifeState): state is Running | Paused {
  return state.status === 'running' || state.status === 'paused';
}

/** The container's end is still to come: now, or after a restart by its policy. */
export function isBusy(state: LifeState): state is Running | Paused | Restarting {
  return isRunning(state) || state.status === 'restarting';
}

/** The container is on its way out: nothing but a further removal can be asked of it. */
export function isLeaving(state: LifeState): state is Removing | Dead {
  return state.status === 'removing' || state.status === 'dead';
}

/** `prune` may remove it. */
export function isPrunable(state: LifeState): boolean {
  return state.status === 'created' || state.status === 'exited' || state.status === 'dead';
}

export function attachmentOf(state: LifeState): Attachment | undefined {
  return isRunning(state) ? state.attachment : undefined;
}

export function healthOf(state: LifeState): Health | undefined {
  return 'health' in state ? state.health : undefined;
}

/** The last run as every state knows it; of one that runs, without an end. */
export function lastRun(state: LifeState): LastRun {
  switch (state.status) {
    case 'created':
      return { ...NEVER_RAN, exitCode: state.exitCode, error: state.error };
    case 'running':
    case 'paused': {
      const { startedAt, finishedAt, restartCount } = state;
      return { ...NEVER_RAN, startedAt, finishedAt, restartCount };
    }
    default: {
      const { exitCode, error, oomKilled, startedAt, finishedAt, restartCount } = state;
      return { exitCode, error, oomKilled, startedAt, finishedAt, restartCount };
    }
  }
}

const NEVER_RAN: LastRun = {
  exitCode: 0,
  error: '',
  oomKilled: false,
  startedAt: 0,
  finishedAt: 0,
  restartCount: 0,
};

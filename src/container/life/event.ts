import type { HealthResult } from '../../api/engine/containers.ts';
import type { BargeError } from '../../core/errors.ts';
import type { Attachment } from './attachment.ts';
import type { LifeState } from './state.ts';

/** How a process ended. `at` is in milliseconds since 1970. */
export interface ProcessEnd {
  readonly code: number;
  readonly at: number;
  readonly oomKilled: boolean;
}

/** Everything that can happen to a container. Times are milliseconds since 1970. */
export type LifeEvent =
  | { readonly type: 'start' }
  | {
      readonly type: 'started';
      readonly pid: number;
      readonly at: number;
      readonly restartCount: number;
      readonly attachment?: Attachment;
      readonly hasProbe: boolean;
    }
  /** `retry`: nothing is wrong with the container, such as on a full disk; a restart policy tries again. */
  | {
      readonly type: 'start-failed';
      readonly exitCode: number;
      readonly message: string;
      readonly retry: boolean;
    }
  /** `deaf`: the signal that the process would not see; `signal` is sent in its place. */
  | { readonly type: 'stop'; readonly signal: number; readonly deaf?: number }
  | { readonly type: 'restart'; readonly signal: number; readonly deaf?: number }
  /** `ref`: the container as the user named it. */
  | { readonly type: 'kill'; readonly signal: number; readonly ref: string }
  /** The grace period of a stop or restart is over. */
  | { readonly type: 'grace-over'; readonly startedAt: number }
  | { readonly type: 'pause' }
  | { readonly type: 'unpause' }
  | { readonly type: 'exit'; readonly end: ProcessEnd }
  /** The shim was killed, and with it the exit code; what it left behind has been ended. */
  | { readonly type: 'shim-lost'; readonly at: number; readonly message: string }
  | { readonly type: 'restart-due' }
  /** `startedAt`: the run that was probed. */
  | {
      readonly type: 'health';
      readonly startedAt: number;
      readonly at: number;
      readonly result: HealthResult;
    }
  | { readonly type: 'remove'; readonly force: boolean; readonly volumes: boolean }
  | { readonly type: 'removed' }
  | { readonly type: 'removal-failed'; readonly message: string }
  /** An endpoint is about to join or leave. */
  | { readonly type: 'network-changing' }
  /** An endpoint has joined or left. */
  | { readonly type: 'network-changed'; readonly attachment: Attachment }
  /** The change was undone, or a new daemon found what the attachment is. */
  | { readonly type: 'network-kept'; readonly attachment: Attachment }
  /** A new daemon found the container's shim. `frozen`: its processes are stopped where they are. */
  | { readonly type: 'recovered'; readonly frozen: boolean }
  /** A new daemon found that the container had ended; its network went with the daemon before. */
  | { readonly type: 'found-ended'; readonly end: ProcessEnd; readonly message: string }
  /** A new daemon is ready: policies start containers, and removals go on. */
  | { readonly type: 'daemon-ready' };

export type LifeEventType = LifeEvent['type'];

export type EventOf<Type extends LifeEventType> = Extract<LifeEvent, { readonly type: Type }>;

/** What a transition asks to be done, in order. */
export type Effect =
  /**
   * The new state becomes the container's. `required`: when it cannot be written, the transition fails and the effects
   * after this one are left out. `eventually`: it is true whether it can be written or not, and is written as soon as possible.
   */
  | { readonly do: 'record'; readonly write: 'required' | 'eventually' }
  | { readonly do: 'emit'; readonly action: string; readonly attributes: Readonly<Record<string, string>> }
  | { readonly do: 'signal'; readonly signal: number }
  /** Stops all processes where they are, or lets them go on. `orElse`: the failure when there are none any more. */
  | { readonly do: 'freeze' | 'thaw'; readonly orElse?: BargeError }
  /** Returns what a run held: volumes, shared memory and, where given, its network. */
  | { readonly do: 'release'; readonly attachment?: Attachment }
  | { readonly do: 'schedule-restart'; readonly delay: number }
  | { readonly do: 'cancel-restart' }
  /** Tells those who wait for the container's end. */
  | { readonly do: 'wake'; readonly end: ProcessEnd }
  | { readonly do: 'launch'; readonly restartCount: number }
  /** The container is to be removed: as the event `remove`, without force. */
  | { readonly do: 'remove'; readonly volumes: boolean }
  /** Removes what belongs to the container but its record; ends in `removed` or `removal-failed`. */
  | { readonly do: 'erase'; readonly volumes: boolean }
  /** Deletes the container's record. */
  | { readonly do: 'forget' }
  /** Removes its directories, and tells those who wait for the removal. */
  | { readonly do: 'clean-up' };

export type Outcome =
  | { readonly kind: 'next'; readonly state: LifeState; readonly effects: readonly Effect[] }
  /** The event has come too late, or asks for what is so already. */
  | { readonly kind: 'ignored'; readonly reason: Reason }
  | { readonly kind: 'refused'; readonly error: BargeError };

export type Reason = 'already-running' | 'not-running' | 'another-run' | 'nothing-to-do';

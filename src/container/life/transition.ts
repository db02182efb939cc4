import { onExit, onFoundEnded, onShimLost } from './ends.ts';
import type { EventOf, LifeEvent, LifeEventType, Outcome } from './event.ts';
import { onRemovalFailed, onRemove, onRemoved } from './removal.ts';
import type { LifeRules } from './rules.ts';
import { onHealth, onNetworkChanged, onNetworkChanging, onNetworkKept, onRecovered } from './running.ts';
import { onGraceOver, onKill, onPause, onRestart, onStop, onUnpause } from './signals.ts';
import { onDaemonReady, onRestartDue, onStart, onStarted, onStartFailed } from './starts.ts';
import type { LifeState } from './state.ts';

type Transitions = {
  readonly [Type in LifeEventType]: (state: LifeState, event: EventOf<Type>, rules: LifeRules) => Outcome;
};

const TRANSITIONS: Transitions = {
  start: (state) => onStart(state),
  'restart-due': (state) => onRestartDue(state),
  started: onStarted,
  'start-failed': onStartFailed,
  stop: onStop,
  restart: onRestart,
  kill: onKill,
  'grace-over': onGraceOver,
  pause: (state, _, rules) => onPause(state, rules),
  unpause: (state, _, rules) => onUnpause(state, rules),
  exit: onExit,
  'shim-lost': onShimLost,
  'found-ended': onFoundEnded,
  health: onHealth,
  'network-changing': (state, _, rules) => onNetworkChanging(state, rules),
  'network-changed': onNetworkChanged,
  'network-kept': onNetworkKept,
  recovered: onRecovered,
  remove: onRemove,
  removed: (state, _, rules) => onRemoved(state, rules),
  'removal-failed': onRemovalFailed,
  'daemon-ready': (state, _, rules) => onDaemonReady(state, rules),
};

export const EVENT_TYPES = Object.keys(TRANSITIONS) as readonly LifeEventType[];

/** What an event makes of a container in a state. Pure: nothing happens until the effects are carried out. */
export function transition(state: LifeState, event: LifeEvent, rules: LifeRules): Outcome {
  return of(event.type)(state, event, rules);
}

/** The table ties each handler to its own event. */
function of<Type extends LifeEventType>(type: Type) {
  return TRANSITIONS[type] as (state: LifeState, event: LifeEvent, rules: LifeRules) => Outcome;
}

import type { Attachment } from './attachment.ts';
import type { Effect, EventOf, LifeEvent, LifeEventType, Outcome } from './event.ts';
import type { LifeRules } from './rules.ts';
import type { LifeState } from './state.ts';

/* A container in every state, and one event of every type, for tests. */

export const RULES: LifeRules = {
  id: 'c1',
  name: 'web',
  restart: { policy: 'no', maximum: 0 },
  autoRemove: false,
  stopSignal: 15,
  health: { startPeriod: 0, retries: 3 },
};

export const ATTACHMENT: Attachment = { sandbox: '/run/netns/one', endpoints: [], ports: {} };

const RUN = {
  exitCode: 3,
  error: '',
  oomKilled: false,
  startedAt: 1000,
  finishedAt: 5000,
  restartCount: 2,
};

export const STATES: { readonly [Status in LifeState['status']]: Extract<LifeState, { status: Status }> } = {
  created: { status: 'created', exitCode: 0, error: '' },
  running: {
    status: 'running',
    pid: 42,
    startedAt: 1000,
    finishedAt: 500,
    restartCount: 2,
    attachment: ATTACHMENT,
  },
  paused: {
    status: 'paused',
    pid: 42,
    startedAt: 1000,
    finishedAt: 500,
    restartCount: 2,
    attachment: ATTACHMENT,
  },
  restarting: { status: 'restarting', ...RUN },
  exited: { status: 'exited', ...RUN, stoppedByUser: false },
  removing: { status: 'removing', ...RUN, removesVolumes: true },
  dead: { status: 'dead', ...RUN, error: 'no space', removesVolumes: true },
};

export const EVENTS: { readonly [Type in LifeEventType]: EventOf<Type> } = {
  start: { type: 'start' },
  'restart-due': { type: 'restart-due' },
  started: { type: 'started', pid: 43, at: 6000, restartCount: 1, attachment: ATTACHMENT, hasProbe: true },
  'start-failed': { type: 'start-failed', exitCode: 127, message: 'not found', retry: false },
  stop: { type: 'stop', signal: 15 },
  restart: { type: 'restart', signal: 15 },
  kill: { type: 'kill', signal: 9, ref: 'web' },
  'grace-over': { type: 'grace-over', startedAt: 1000 },
  pause: { type: 'pause' },
  unpause: { type: 'unpause' },
  exit: { type: 'exit', end: { code: 7, at: 9000, oomKilled: false } },
  'shim-lost': { type: 'shim-lost', at: 9000, message: 'the shim has died' },
  'found-ended': { type: 'found-ended', end: { code: 7, at: 9000, oomKilled: false }, message: '' },
  health: {
    type: 'health',
    startedAt: 1000,
    at: 3000,
    result: { Start: 'a', End: 'b', ExitCode: 0, Output: '' },
  },
  remove: { type: 'remove', force: false, volumes: false },
  removed: { type: 'removed' },
  'removal-failed': { type: 'removal-failed', message: 'no space' },
  'network-changing': { type: 'network-changing' },
  'network-changed': { type: 'network-changed', attachment: ATTACHMENT },
  'network-kept': { type: 'network-kept', attachment: ATTACHMENT },
  recovered: { type: 'recovered', frozen: false },
  'daemon-ready': { type: 'daemon-ready' },
};

export const STATUSES = Object.keys(STATES) as readonly LifeState['status'][];
const _ALL_EVENTS: readonly LifeEvent[] = Object.values(EVENTS);

/** An outcome in one line, for tables in tests. */
export function describeOutcome(outcome: Outcome): string {
  if (outcome.kind === 'refused') return `refused: ${outcome.error.message}`;
  if (outcome.kind === 'ignored') return `ignored: ${outcome.reason}`;
  return [outcome.state.status, ...outcome.effects.map(describeEffect)].join(' | ');
}

function describeEffect(effect: Effect): string {
  switch (effect.do) {
    case 'record':
      return effect.write === 'required' ? 'record or fail' : 'record';
    case 'emit':
      return ['emit', effect.action, ...Object.values(effect.attributes)].join(' ');
    case 'signal':
      return `signal ${effect.signal}`;
    case 'freeze':
    case 'thaw':
      return effect.orElse ? `${effect.do} or fail` : effect.do;
    case 'release':
      return effect.attachment ? 'release with network' : 'release';
    case 'schedule-restart':
      return `restart in ${effect.delay}`;
    case 'wake':
      return `wake ${effect.end.code}`;
    case 'launch':
      return `launch ${effect.restartCount}`;
    case 'remove':
    case 'erase':
      return effect.volumes ? `${effect.do} with volumes` : effect.do;
    default:
      return effect.do;
  }
}

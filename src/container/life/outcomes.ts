import { type BargeError, systemError } from '../../core/errors.ts';
import type { Effect, Outcome, ProcessEnd, Reason } from './event.ts';
import type { LifeRules } from './rules.ts';
import type { LastRun, LifeState } from './state.ts';

/* The vocabulary of transitions. */

export const next = (state: LifeState, ...effects: readonly (Effect | undefined)[]): Outcome => ({
  kind: 'next',
  state,
  effects: effects.filter((effect) => effect !== undefined),
});

export const ignored = (reason: Reason): Outcome => ({ kind: 'ignored', reason });

export const refused = (error: BargeError): Outcome => ({ kind: 'refused', error });

/** An event that the daemon itself makes, in a state in which it makes no sense: a bug, and no harm is done. */
export const unexpected = (what: string, state: LifeState, { id }: LifeRules): Outcome =>
  refused(systemError(`container ${id} is ${state.status}: ${what} cannot be recorded (please report this)`));

export const RECORD: Effect = { do: 'record', write: 'eventually' };
export const RECORD_FIRST: Effect = { do: 'record', write: 'required' };
export const CANCEL_RESTART: Effect = { do: 'cancel-restart' };

export const emit = (action: string, attributes: Readonly<Record<string, string>> = {}): Effect => ({
  do: 'emit',
  action,
  attributes,
});

export const wake = ({ exitCode, finishedAt, oomKilled }: LastRun): Effect => ({
  do: 'wake',
  end: { code: exitCode, at: finishedAt, oomKilled } satisfies ProcessEnd,
});

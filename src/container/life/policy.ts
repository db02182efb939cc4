import type { LifeRules } from './rules.ts';
import type { LastRun, Restarting } from './state.ts';

const FIRST_BACK_OFF_MS = 100;
const MAX_BACK_OFF_MS = 60_000;
/** A container that ran this long has proved itself: its back-off begins anew. */
const PROVEN_MS = 10_000;

/** Whether the policy starts a container again that ended by itself. */
export function wantsRestart({ restart }: LifeRules, run: Pick<LastRun, 'exitCode' | 'restartCount'>) {
  const { policy, maximum } = restart;
  if (policy === 'on-failure') return run.exitCode !== 0 && (maximum === 0 || run.restartCount < maximum);
  return policy === 'always' || policy === 'unless-stopped';
}

const countOf = ({ startedAt, finishedAt, restartCount }: LastRun) =>
  finishedAt - startedAt >= PROVEN_MS ? 0 : restartCount;

/** Milliseconds until the next start. */
export function backOff(state: Restarting): number {
  const exponent = countOf(state) + (state.failedStarts ?? 0);
  return Math.min(FIRST_BACK_OFF_MS * 2 ** exponent, MAX_BACK_OFF_MS);
}

/** The number of the run that the policy starts next. */
export const nextCount = (state: Restarting): number => countOf(state) + 1;

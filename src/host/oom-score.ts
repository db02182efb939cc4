import { readFileSync, writeFileSync } from 'node:fs';
import { errnoOf } from '../core/errors.ts';

const OWN = '/proc/self/oom_score_adj';

const known = new Map<number, boolean>();

/**
 * Whether a process that this one starts may have `adjustment` (-1000 to 1000) as its oom_score_adj. Without
 * CAP_SYS_RESOURCE the kernel has a lower bound for each process, inherited and to be read nowhere; so this process
 * takes the value for a moment, which leaves the bound as it is.
 */
export function canScore(adjustment: number): boolean {
  const response = known.get(adjustment);
  if (response !== undefined) return response;
  const own = readFileSync(OWN, 'utf8').trim();
  const possible = Number(own) === adjustment || tryScore(adjustment, own);
  known.set(adjustment, possible);
  return possible;
}

function tryScore(adjustment: number, own: string): boolean {
  try {
    writeFileSync(OWN, `${adjustment}`);
  } catch (error) {
    if (errnoOf(error) === 'EACCES' || errnoOf(error) === 'EPERM') return false;
    throw error;
  }
  writeFileSync(OWN, own);
  return true;
}

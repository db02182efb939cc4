import { readFileSync, writeFileSync } from 'node:fs';
import { errnoOf } from '../../core/errors.ts';

const OWN = '/proc/self/oom_score_adj';

/**
 * Which oom_score_adj processes that this one starts may have. Without CAP_SYS_RESOURCE the kernel has a lower bound for each
 * process, inherited and readable nowhere; so this process takes the value for a moment, which leaves the bound as it is.
 */
export class OomScores {
  readonly #known = new Map<number, boolean>();

  can(adjustment: number): boolean {
    const known = this.#known.get(adjustment);
    if (known !== undefined) return known;
    const own = readFileSync(OWN, 'utf8').trim();
    const possible = Number(own) === adjustment || tryScore(adjustment, own);
    this.#known.set(adjustment, possible);
    return possible;
  }
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

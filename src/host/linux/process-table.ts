import { readFileSync } from 'node:fs';
import { errnoOf } from '../../core/errors.ts';
import type { ProcessTable } from '../process.ts';
import { isDeafTo } from './deaf-signals.ts';
import { OomScores } from './oom-scores.ts';

/** PF_EXITING of linux/sched.h. */
const EXITING = 4;
/** Place of the flags after the program's name, which is in brackets and may be anything. */
const FLAGS_FIELD = 6;

export class LinuxProcessTable implements ProcessTable {
  readonly isDeafTo = isDeafTo;
  readonly kill = killProcess;
  readonly #scores = new OomScores();

  parentOf(pid: number): number | undefined {
    try {
      const [, parent] = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
      return parent === undefined ? undefined : Number(parent);
    } catch (error) {
      if (hasGone(error)) return undefined;
      throw error;
    }
  }

  /** The kernel sets the flag before it kills the others of the process's pid namespace. */
  isEnding(pid: number): boolean {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[FLAGS_FIELD]) & EXITING) !== 0;
    } catch (error) {
      if (hasGone(error)) return true;
      throw error;
    }
  }

  canScore(adjustment: number): boolean {
    return this.#scores.can(adjustment);
  }
}

/** Without descriptors, for one, nothing can be said about a process. */
const hasGone = (error: unknown) => ['ENOENT', 'ESRCH'].includes(errnoOf(error) ?? '');

export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

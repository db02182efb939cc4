import { readFileSync } from 'node:fs';

/** The parent of a process as /proc tells it; undefined when the process has gone. */
export function parentOf(pid: number): number | undefined {
  try {
    const [, parent] = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return parent === undefined ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}

/** PF_EXITING of linux/sched.h. */
const EXITING = 4;
/** Place of the flags after the program's name, which is in brackets and may be anything. */
const FLAGS_FIELD = 6;

/**
 * Whether a process has ended, or is ending: the kernel takes its namespaces from it, and kills the others of its pid
 * namespace, before its parent hears of the end.
 */
export function isEnding(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[FLAGS_FIELD]) & EXITING) !== 0;
  } catch {
    return true;
  }
}

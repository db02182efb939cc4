import { readdirSync, readFileSync } from 'node:fs';
import { errnoOf } from '../../src/core/errors.ts';

/** Pids of all processes of this pid namespace. */
export function allPids(): Set<number> {
  return new Set(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number),
  );
}

/**
 * Proportional set size in bytes: a process's private memory plus its share of shared memory. Sums of it count each
 * page once. 0 for a process that has ended.
 */
export function proportionalSetSize(pid: number): number {
  const text = readProc(pid, 'smaps_rollup');
  return 1024 * Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0);
}

export function sumOfPss(pids: Iterable<number>): number {
  return [...pids].reduce((sum, pid) => sum + proportionalSetSize(pid), 0);
}

/** Processes and all their descendants. */
export function processTrees(roots: Iterable<number>): Set<number> {
  const parents = new Map([...allPids()].map((pid) => [pid, parentOf(pid)]));
  const tree = new Set(roots);
  /* Parents may have higher pids than their children, so this repeats until nothing is added. */
  for (let size = 0; size !== tree.size; ) {
    size = tree.size;
    for (const [pid, parent] of parents) if (parent !== undefined && tree.has(parent)) tree.add(pid);
  }
  return tree;
}

export function commandName(pid: number): string {
  return readProc(pid, 'comm').trim();
}

/** The fourth field of `stat`; the second, the name, may contain spaces and brackets. */
function parentOf(pid: number): number | undefined {
  const fields = readProc(pid, 'stat').split(') ').pop()?.split(' ');
  return fields?.[1] ? Number(fields[1]) : undefined;
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(errnoOf(error) ?? '')) return '';
    throw error;
  }
}

import { readFileSync, writeFileSync } from 'node:fs';
import { type DaemonOptions, ROOT, type TestDaemon } from './daemon.ts';

/** What an action took: milliseconds, and the most kilobytes that the daemon, and any one of its helpers, held meanwhile. */
export interface Footprint<T> {
  readonly result: T;
  readonly ms: number;
  readonly before: number;
  readonly daemon: number;
  readonly helper: number;
}

/** Set for hours of figures: larger inputs, and the daemon as people run it rather than from its sources. */
export const BIG = Boolean(process.env.BARGE_HOSTILE_BIG);

export const asInstalled: DaemonOptions = BIG
  ? { wrapper: () => ['sh', '-c', 'shift 3; exec "$0" "$@"', `${ROOT}/barged`] }
  : {};

export async function footprint<T>(daemon: TestDaemon, action: () => Promise<T>): Promise<Footprint<T>> {
  writeFileSync(`/proc/${daemon.pid}/clear_refs`, '5'); /* the peak begins anew */
  const before = peakOf(daemon.pid);
  let helper = 0;
  const look = setInterval(() => {
    for (const pid of childrenOf(daemon.pid)) helper = Math.max(helper, peakOf(pid));
  }, 20);
  const start = performance.now();
  try {
    const result = await action();
    return { result, ms: Math.round(performance.now() - start), before, daemon: peakOf(daemon.pid), helper };
  } finally {
    clearInterval(look);
  }
}

function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/** Kilobytes; 0 for a process that has gone, or is still a copy of the daemon that starts it. */
function peakOf(pid: number): number {
  const status = read(`/proc/${pid}/status`);
  if (/^Name:\s*(node|barged)/.test(status) && /\nPPid:\s*\d+/.test(status) && !isDaemon(status)) return 0;
  return Number(/VmHWM:\s*(\d+)/.exec(status)?.[1] ?? 0);
}

const isDaemon = (status: string) => Number(/\nThreads:\s*(\d+)/.exec(status)?.[1]) > 1;

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

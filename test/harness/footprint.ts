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
    for (const pid of childrenOf(daemon.pid)) helper = Math.max(helper, peakOfHelper(pid));
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

/** Kilobytes. */
const peakOf = (pid: number) => Number(/VmHWM:\s*(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);

/** Of a process that works on archives; 0 for another one, and for one that has gone. */
const peakOfHelper = (pid: number) =>
  /^(barge-fs|xz|bzip2)\n/.test(read(`/proc/${pid}/comm`)) ? peakOf(pid) : 0;

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

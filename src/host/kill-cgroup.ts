import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, systemError } from '../core/errors.ts';
import { CGROUP_ROOT, cgroupLayout, cgroupPids, freeze } from './cgroups.ts';

/** Milliseconds. */
const LOOK_AGAIN_MS = 10;
const PATIENCE_MS = 10_000;

/**
 * Ends every process of a cgroup and of those below it. Resolves when none is left.
 * @throws BargeError system when one is still there after ten seconds: the kernel is not done with it.
 */
export async function killCgroup(path: string): Promise<void> {
  /* On v1 a frozen process does not even die. */
  freeze(path, false);
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    killAtOnce(path);
    const pids = cgroupPids(path);
    if (pids.length === 0) return;
    if (performance.now() > deadline) {
      throw systemError(`processes ${pids.join(', ')} of the control group ${path} do not end`);
    }
    for (const pid of pids) killProcess(pid);
    await sleep(LOOK_AGAIN_MS);
  }
}

/** On v2, and where it is mounted beside v1, the kernel leaves no process the time to fork. */
function killAtOnce(path: string): void {
  const file = join(CGROUP_ROOT, cgroupLayout() === 'v2' ? '' : 'unified', path, 'cgroup.kill');
  if (existsSync(file)) ignoring(['ENOENT', 'ENODEV', 'EOPNOTSUPP'], () => writeFileSync(file, '1'));
}

/** Sends SIGKILL to a process that may have ended. */
export function killProcess(pid: number): void {
  ignoring(['ESRCH'], () => process.kill(pid, 'SIGKILL'));
}

function ignoring(codes: readonly string[], action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!codes.includes(errnoOf(error) ?? '')) throw error;
  }
}

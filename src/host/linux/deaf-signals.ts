import { readdirSync, readFileSync } from 'node:fs';
import { errnoOf } from '../../core/errors.ts';

/** Number of rt_sigtimedwait, by architecture: in it a thread takes signals without handler or blocked mask. */
const SIGTIMEDWAIT: Record<string, string> = { x64: '128', arm64: '137' };

/**
 * Whether the kernel would drop a signal sent to this process. The first process of a pid namespace gets only
 * what it has a handler for; a signal that a thread blocks or waits for counts as heard.
 */
export function isDeafTo(pid: number, signal: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const isFirst = /^NSpid:\s.*\s1$/m.test(status);
    if (!isFirst || maskHas(status, 'SigCgt', signal)) return false;
    return !readdirSync(`/proc/${pid}/task`).some((thread) => listens(`/proc/${pid}/task/${thread}`, signal));
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

function listens(thread: string, signal: number): boolean {
  if (maskHas(readFileSync(`${thread}/status`, 'utf8'), 'SigBlk', signal)) return true;
  const [call] = readFileSync(`${thread}/syscall`, 'utf8').split(' ');
  return call === SIGTIMEDWAIT[process.arch];
}

function maskHas(status: string, field: string, signal: number): boolean {
  const mask = BigInt(`0x${new RegExp(`^${field}:\\s*([0-9a-f]+)`, 'm').exec(status)?.[1] ?? '0'}`);
  return Boolean((mask >> BigInt(signal - 1)) & 1n);
}

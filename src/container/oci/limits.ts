import { readFileSync } from 'node:fs';
import type { OciProcess } from '../../api/oci-runtime.ts';
import type { UlimitSpec } from '../resource-spec.ts';

/** Names in /proc/PID/limits, and of the limits (setrlimit(2)). */
const PROC_NAMES: Readonly<Record<string, string>> = {
  'cpu time': 'cpu',
  'file size': 'fsize',
  'data size': 'data',
  'stack size': 'stack',
  'core file size': 'core',
  'resident set': 'rss',
  processes: 'nproc',
  'open files': 'nofile',
  'locked memory': 'memlock',
  'address space': 'as',
  'file locks': 'locks',
  'pending signals': 'sigpending',
  'msgqueue size': 'msgqueue',
  'nice priority': 'nice',
  'realtime priority': 'rtprio',
  'realtime timeout': 'rttime',
};

export const LIMIT_TYPES: ReadonlySet<string> = new Set(Object.values(PROC_NAMES));

/** RLIM_INFINITY loses its last digits as a JSON number; the runtimes take the largest exact one for it. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;

/** This process's hard limits: without CAP_SYS_RESOURCE nobody gets more. */
function hardLimits(): Map<string, number> {
  const limits = new Map<string, number>();
  for (const line of readFileSync('/proc/self/limits', 'utf8').split('\n')) {
    const match = /^Max (.+?)\s{2,}\S+\s+(\S+)/.exec(line);
    const name = match && PROC_NAMES[match[1] ?? ''];
    if (name) limits.set(name, match[2] === 'unlimited' ? UNLIMITED : Number(match[2]));
  }
  return limits;
}

/**
 * `--ulimit` as the runtime takes it, lowered to what the host can give.
 * @param mayRaise whether this process has CAP_SYS_RESOURCE.
 */
export function resourceLimits(
  ulimits: readonly UlimitSpec[],
  mayRaise: boolean,
): { readonly limits: Pick<OciProcess, 'rlimits'>; readonly warnings: readonly string[] } {
  if (ulimits.length === 0) return { limits: {}, warnings: [] };
  const host = mayRaise ? new Map<string, number>() : hardLimits();
  const warnings: string[] = [];
  const rlimits = ulimits.map((ulimit) => {
    const name = ulimit.name.toLowerCase();
    const most = host.get(name) ?? UNLIMITED;
    const [soft, hard] = [ulimit.soft, ulimit.hard].map((value) => (value < 0 ? UNLIMITED : value)) as [
      number,
      number,
    ];
    if (hard > most) {
      warnings.push(
        `This host cannot raise the limit ${name} above ${most}: the container gets ${most} instead of ${ulimit.hard}.`,
      );
    }
    return {
      type: `RLIMIT_${name.toUpperCase()}`,
      soft: Math.min(soft, most),
      hard: Math.min(hard, most),
    };
  });
  return { limits: { rlimits }, warnings };
}

import { swapOf } from '../../container/check/resources.ts';
import { deviceNumbers } from '../../container/oci/resources.ts';
import type { LimitSpec } from '../../container/resource-spec.ts';
import type { BlockRule, CgroupLimits } from '../../host/cgroup-limits.ts';

/** The limits of single block devices. */
const DEVICE_LIMITS = [
  'blockWeightDevices',
  'blockReadBytes',
  'blockWriteBytes',
  'blockReadRequests',
  'blockWriteRequests',
] as const;

const KINDS: Readonly<Record<(typeof DEVICE_LIMITS)[number], BlockRule['kind']>> = {
  blockWeightDevices: 'weight',
  blockReadBytes: 'read-bytes',
  blockWriteBytes: 'write-bytes',
  blockReadRequests: 'read-requests',
  blockWriteRequests: 'write-requests',
};

const PERIOD = 100_000;

/** The kernel's limits for the members that are about to change; one without a value has no limit. */
export function limitsOf(
  limits: LimitSpec,
  changing: readonly (keyof LimitSpec)[],
  before: LimitSpec,
): CgroupLimits {
  const has = (...names: (keyof LimitSpec)[]) => names.some((name) => changing.includes(name));
  const quota = limits.nanoCpus ? Math.floor((limits.nanoCpus * PERIOD) / 1e9) : limits.cpuQuota || -1;
  const period = (!limits.nanoCpus && limits.cpuPeriod) || PERIOD;
  return {
    ...(has('memory', 'memorySwap') ? { memory: limits.memory || -1, memorySwap: swapOf(limits) || -1 } : {}),
    ...(has('memoryReservation') ? { memoryReservation: limits.memoryReservation || -1 } : {}),
    ...(has('cpuShares') ? { cpuShares: limits.cpuShares || 1024 } : {}),
    ...(has('nanoCpus', 'cpuQuota', 'cpuPeriod') ? { cpuPeriod: period, cpuQuota: quota } : {}),
    ...(has('cpuRealtimePeriod') ? { cpuRealtimePeriod: limits.cpuRealtimePeriod } : {}),
    ...(has('cpuRealtimeRuntime') ? { cpuRealtimeRuntime: limits.cpuRealtimeRuntime } : {}),
    ...(has('cpus') ? { cpusetCpus: limits.cpus } : {}),
    ...(has('memoryNodes') ? { cpusetMems: limits.memoryNodes } : {}),
    ...(has('blockWeight') ? { blkioWeight: limits.blockWeight } : {}),
    ...(has('pids') ? { pids: limits.pids || -1 } : {}),
    blockDevices: DEVICE_LIMITS.flatMap((name) => (has(name) ? blockRules(name, limits, before) : [])),
  };
}

/** A rule for every device that has a limit, and one without a value for every device that has lost its limit. */
function blockRules(name: (typeof DEVICE_LIMITS)[number], limits: LimitSpec, before: LimitSpec): BlockRule[] {
  const rules = new Map<string, BlockRule>();
  for (const { path } of before[name]) rules.set(path, { kind: KINDS[name], ...deviceNumbers(path) });
  for (const device of limits[name]) {
    const value = 'rate' in device ? device.rate : device.weight;
    rules.set(device.path, { kind: KINDS[name], ...deviceNumbers(device.path), value });
  }
  return [...rules.values()];
}

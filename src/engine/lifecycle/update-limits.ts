import type { HostConfig, Resources } from '../../api/engine/containers.ts';
import { deviceNumbers } from '../../container/oci/resources.ts';
import type { BlockRule, CgroupLimits } from '../../host/cgroup-limits.ts';

/** As at creation: a memory limit without a swap limit allows as much swap again. */
export const swapOf = (host: HostConfig) => host.MemorySwap || 2 * (host.Memory || 0);

/** The limits of single block devices. */
export const DEVICE_LIMITS = [
  'BlkioWeightDevice',
  'BlkioDeviceReadBps',
  'BlkioDeviceWriteBps',
  'BlkioDeviceReadIOps',
  'BlkioDeviceWriteIOps',
] as const;

const KINDS: Readonly<Record<(typeof DEVICE_LIMITS)[number], BlockRule['kind']>> = {
  BlkioWeightDevice: 'weight',
  BlkioDeviceReadBps: 'read-bytes',
  BlkioDeviceWriteBps: 'write-bytes',
  BlkioDeviceReadIOps: 'read-requests',
  BlkioDeviceWriteIOps: 'write-requests',
};

const PERIOD = 100_000;

/** What `host` says of the limits that are about to change, for the kernel: without a value there is no limit. */
export function limitsOf(host: HostConfig, changing: Partial<HostConfig>, before: HostConfig): CgroupLimits {
  const memory = changing.Memory || changing.MemorySwap;
  const has = (name: keyof Resources) => Boolean(changing[name]);
  const quota = host.NanoCpus ? Math.floor((host.NanoCpus * PERIOD) / 1e9) : host.CpuQuota || -1;
  const changesCpu = has('NanoCpus') || has('CpuQuota') || has('CpuPeriod');
  return {
    ...(memory ? { memory: host.Memory || -1, memorySwap: swapOf(host) || -1 } : {}),
    ...(has('MemoryReservation') ? { memoryReservation: host.MemoryReservation || -1 } : {}),
    ...(has('CpuShares') ? { cpuShares: host.CpuShares || 1024 } : {}),
    ...(changesCpu ? { cpuPeriod: (!host.NanoCpus && host.CpuPeriod) || PERIOD, cpuQuota: quota } : {}),
    ...(has('CpuRealtimePeriod') ? { cpuRealtimePeriod: host.CpuRealtimePeriod ?? 0 } : {}),
    ...(has('CpuRealtimeRuntime') ? { cpuRealtimeRuntime: host.CpuRealtimeRuntime ?? 0 } : {}),
    ...(has('CpusetCpus') ? { cpusetCpus: host.CpusetCpus ?? '' } : {}),
    ...(has('CpusetMems') ? { cpusetMems: host.CpusetMems ?? '' } : {}),
    ...(has('BlkioWeight') ? { blkioWeight: host.BlkioWeight ?? 0 } : {}),
    ...(changing.PidsLimit === undefined ? {} : { pids: host.PidsLimit || -1 }),
    blockDevices: DEVICE_LIMITS.flatMap((name) => (changing[name] ? blockRules(name, host, before) : [])),
  };
}

/** A rule for every device that has a limit, and one without a value for every device that has none any more. */
function blockRules(name: (typeof DEVICE_LIMITS)[number], host: HostConfig, before: HostConfig): BlockRule[] {
  const rules = new Map<string, BlockRule>();
  for (const { Path: path } of before[name] ?? []) {
    rules.set(path, { kind: KINDS[name], ...deviceNumbers(path) });
  }
  for (const device of host[name] ?? []) {
    const value = 'Rate' in device ? device.Rate : device.Weight;
    rules.set(device.Path, { kind: KINDS[name], ...deviceNumbers(device.Path), value });
  }
  return [...rules.values()];
}

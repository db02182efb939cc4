import { statSync } from 'node:fs';
import type { Resources, ThrottleDevice } from '../../api/engine/containers.ts';
import type { OciDeviceRule, OciResources } from '../../api/oci-runtime.ts';
import { invalidParameter } from '../../core/errors.ts';
import { majorOf, minorOf } from './devices.ts';

const CPU_PERIOD = 100_000;
/** Docker's limits as the runtime specification writes them. */
export function ociResources(r: Resources, devices: readonly OciDeviceRule[]): OciResources {
  const memory = memoryLimits(r);
  const cpu = cpuLimits(r);
  const blockIO = blockLimits(r);
  return {
    devices,
    ...(Object.keys(memory).length > 0 ? { memory } : {}),
    ...(Object.keys(cpu).length > 0 ? { cpu } : {}),
    ...(r.PidsLimit && r.PidsLimit > 0 ? { pids: { limit: r.PidsLimit } } : {}),
    ...(Object.keys(blockIO).length > 0 ? { blockIO } : {}),
  };
}

function memoryLimits(r: Resources): Record<string, number | boolean> {
  /* As Docker: a memory limit without a swap limit allows as much swap again. */
  const swap = r.MemorySwap || (r.Memory ? r.Memory * 2 : 0);
  return {
    ...(r.Memory ? { limit: r.Memory } : {}),
    ...(r.MemoryReservation ? { reservation: r.MemoryReservation } : {}),
    ...(swap ? { swap } : {}),
    ...(typeof r.MemorySwappiness === 'number' && r.MemorySwappiness >= 0
      ? { swappiness: r.MemorySwappiness }
      : {}),
    ...(r.OomKillDisable ? { disableOOMKiller: true } : {}),
  };
}

function cpuLimits(r: Resources): Record<string, number | string> {
  const nano = r.NanoCpus ? { period: CPU_PERIOD, quota: Math.floor((r.NanoCpus * CPU_PERIOD) / 1e9) } : {};
  return {
    ...(r.CpuShares ? { shares: r.CpuShares } : {}),
    ...(r.CpuPeriod ? { period: r.CpuPeriod } : {}),
    ...(r.CpuQuota ? { quota: r.CpuQuota } : {}),
    ...nano,
    ...(r.CpuRealtimePeriod ? { realtimePeriod: r.CpuRealtimePeriod } : {}),
    ...(r.CpuRealtimeRuntime ? { realtimeRuntime: r.CpuRealtimeRuntime } : {}),
    ...(r.CpusetCpus ? { cpus: r.CpusetCpus } : {}),
    ...(r.CpusetMems ? { mems: r.CpusetMems } : {}),
  };
}

function blockLimits(r: Resources): Record<string, unknown> {
  const throttle = (name: string, list: readonly ThrottleDevice[] | null | undefined) =>
    list?.length ? { [name]: list.map(({ Path, Rate }) => ({ ...deviceNumbers(Path), rate: Rate })) } : {};
  return {
    ...(r.BlkioWeight ? { weight: r.BlkioWeight } : {}),
    ...(r.BlkioWeightDevice?.length
      ? {
          weightDevice: r.BlkioWeightDevice.map(({ Path, Weight }) => ({
            ...deviceNumbers(Path),
            weight: Weight,
          })),
        }
      : {}),
    ...throttle('throttleReadBpsDevice', r.BlkioDeviceReadBps),
    ...throttle('throttleWriteBpsDevice', r.BlkioDeviceWriteBps),
    ...throttle('throttleReadIOPSDevice', r.BlkioDeviceReadIOps),
    ...throttle('throttleWriteIOPSDevice', r.BlkioDeviceWriteIOps),
  };
}

/** Of a device of the host. @throws BargeError invalid-parameter. */
export function deviceNumbers(path: string): { major: number; minor: number } {
  try {
    const { rdev } = statSync(path);
    return { major: majorOf(rdev), minor: minorOf(rdev) };
  } catch (error) {
    throw invalidParameter(`no such device: ${path}`, { cause: error });
  }
}

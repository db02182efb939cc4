import type { Resources } from '../../api/engine/containers.ts';
import type { DeviceRate, DeviceSpec, LimitSpec } from '../../container/resource-spec.ts';

/** Null for an empty list, as Docker shows it. */
export const orNull = <T>(list: readonly T[]): readonly T[] | null => (list.length > 0 ? list : null);

const rates = (list: readonly DeviceRate[]) =>
  orNull(list.map(({ path, rate }) => ({ Path: path, Rate: rate })));

/** Limits and devices as `inspect` shows them; those of Windows are 0. */
export function encodeResources(limits: LimitSpec, devices: DeviceSpec): Resources {
  const shown: { -readonly [K in keyof Resources]: Resources[K] } = {
    CpuShares: limits.cpuShares,
    Memory: limits.memory,
    NanoCpus: limits.nanoCpus,
    CgroupParent: limits.cgroupParent,
    BlkioWeight: limits.blockWeight,
    BlkioWeightDevice: orNull(
      limits.blockWeightDevices.map(({ path, weight }) => ({ Path: path, Weight: weight })),
    ),
    BlkioDeviceReadBps: rates(limits.blockReadBytes),
    BlkioDeviceWriteBps: rates(limits.blockWriteBytes),
    BlkioDeviceReadIOps: rates(limits.blockReadRequests),
    BlkioDeviceWriteIOps: rates(limits.blockWriteRequests),
    CpuPeriod: limits.cpuPeriod,
    CpuQuota: limits.cpuQuota,
    CpuRealtimePeriod: limits.cpuRealtimePeriod,
    CpuRealtimeRuntime: limits.cpuRealtimeRuntime,
    CpusetCpus: limits.cpus,
    CpusetMems: limits.memoryNodes,
    Devices: orNull(
      devices.mapped.map(({ hostPath, path, access }) => ({
        PathOnHost: hostPath,
        PathInContainer: path,
        CgroupPermissions: access,
      })),
    ),
    DeviceCgroupRules: orNull(devices.rules),
    DeviceRequests: orNull(
      devices.requests.map(({ driver, count, ids, capabilities }) => ({
        Driver: driver,
        Count: count,
        DeviceIDs: orNull(ids),
        Capabilities: orNull(capabilities),
        Options: {},
      })),
    ),
    MemoryReservation: limits.memoryReservation,
    MemorySwap: limits.memorySwap,
    PidsLimit: limits.pids || null,
    Ulimits: orNull(limits.ulimits.map(({ name, soft, hard }) => ({ Name: name, Hard: hard, Soft: soft }))),
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
  };
  if (limits.memorySwappiness !== undefined) shown.MemorySwappiness = limits.memorySwappiness;
  if (limits.disableOomKiller) shown.OomKillDisable = true;
  return shown;
}

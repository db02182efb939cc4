import type { Resources } from '../api/engine/containers.ts';
import type { LimitSpec } from '../container/resource-spec.ts';

/** What the Engine API calls the limits that are a number or a text, and what a spec calls them. */
export const LIMIT_NAMES = {
  CgroupParent: 'cgroupParent',
  Memory: 'memory',
  MemoryReservation: 'memoryReservation',
  MemorySwap: 'memorySwap',
  CpuShares: 'cpuShares',
  CpuPeriod: 'cpuPeriod',
  CpuQuota: 'cpuQuota',
  NanoCpus: 'nanoCpus',
  CpuRealtimePeriod: 'cpuRealtimePeriod',
  CpuRealtimeRuntime: 'cpuRealtimeRuntime',
  CpusetCpus: 'cpus',
  CpusetMems: 'memoryNodes',
  BlkioWeight: 'blockWeight',
} as const satisfies Partial<Record<keyof Resources, keyof LimitSpec>>;

/** The limits of single block devices that are rates. */
export const RATE_NAMES = {
  BlkioDeviceReadBps: 'blockReadBytes',
  BlkioDeviceWriteBps: 'blockWriteBytes',
  BlkioDeviceReadIOps: 'blockReadRequests',
  BlkioDeviceWriteIOps: 'blockWriteRequests',
} as const satisfies Partial<Record<keyof Resources, keyof LimitSpec>>;

/** Limits of a cgroup; what is absent stays as it is. Bytes, microseconds; -1: no limit. */
export interface CgroupLimits {
  readonly memory?: number;
  /** Memory and swap together. */
  readonly memorySwap?: number;
  readonly memoryReservation?: number;
  readonly cpuShares?: number;
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpuRealtimePeriod?: number;
  readonly cpuRealtimeRuntime?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly blkioWeight?: number;
  readonly pids?: number;
  readonly blockDevices?: readonly BlockRule[];
}

/** A limit of one block device; without a value there is none any more. */
export interface BlockRule {
  readonly kind: 'weight' | 'read-bytes' | 'write-bytes' | 'read-requests' | 'write-requests';
  readonly major: number;
  readonly minor: number;
  /** Bytes or requests per second, or a weight. */
  readonly value?: number;
}

/** Limits and devices of a container's spec. */

type Texts = readonly string[];

export interface UlimitSpec {
  /** As in setrlimit(2), without RLIMIT_. */
  readonly name: string;
  /** -1: unlimited. */
  readonly soft: number;
  readonly hard: number;
}

interface DeviceWeight {
  /** Path of a block device of the host. */
  readonly path: string;
  readonly weight: number;
}

export interface DeviceRate {
  readonly path: string;
  /** Bytes or requests a second. */
  readonly rate: number;
}

/** Limits of resources. 0 and empty: none. */
export interface LimitSpec {
  /** The cgroup that the container's is made below; empty: the daemon's. */
  readonly cgroupParent: string;
  /** Bytes. */
  readonly memory: number;
  readonly memoryReservation: number;
  /** Bytes of memory and swap together; -1: no limit; 0: as much swap as memory. */
  readonly memorySwap: number;
  /** 0 to 100; absent: the kernel's. */
  readonly memorySwappiness?: number;
  readonly disableOomKiller: boolean;
  /** Weight against other containers; 1024 is the usual one. */
  readonly cpuShares: number;
  /** Microseconds; a negative quota is none. */
  readonly cpuPeriod: number;
  readonly cpuQuota: number;
  /** Billionths of a CPU. */
  readonly nanoCpus: number;
  /** Microseconds. */
  readonly cpuRealtimePeriod: number;
  readonly cpuRealtimeRuntime: number;
  /** Lists such as `0-2,5`. */
  readonly cpus: string;
  readonly memoryNodes: string;
  /** Number of processes and threads. */
  readonly pids: number;
  /** 10 to 1000. */
  readonly blockWeight: number;
  readonly blockWeightDevices: readonly DeviceWeight[];
  readonly blockReadBytes: readonly DeviceRate[];
  readonly blockWriteBytes: readonly DeviceRate[];
  readonly blockReadRequests: readonly DeviceRate[];
  readonly blockWriteRequests: readonly DeviceRate[];
  readonly ulimits: readonly UlimitSpec[];
}

export interface DeviceSpec {
  readonly mapped: readonly MappedDevice[];
  /** Rules of the devices cgroup, such as `c 42:* rwm`. */
  readonly rules: Texts;
  readonly requests: readonly RequestedDevice[];
}

export interface MappedDevice {
  readonly hostPath: string;
  readonly path: string;
  /** Letters of `rwm`. */
  readonly access: string;
}

/** Devices that the Container Device Interface describes. */
export interface RequestedDevice {
  /** `cdi`, `nvidia`, or empty for any that has the capabilities. */
  readonly driver: string;
  /** -1: all. */
  readonly count: number;
  readonly ids: Texts;
  /** Each list is an alternative. */
  readonly capabilities: readonly Texts[];
}

/** Which limits the kernel can enforce on the cgroups of this host. */
export interface CgroupFeatures {
  readonly memory: boolean;
  readonly memorySwap: boolean;
  readonly memoryReservation: boolean;
  readonly swappiness: boolean;
  readonly oomKillDisable: boolean;
  readonly cpuShares: boolean;
  readonly cpuCfs: boolean;
  readonly cpuRealtime: boolean;
  readonly cpuset: boolean;
  readonly pids: boolean;
  readonly blkioWeight: boolean;
  readonly blkioWeightDevice: boolean;
  readonly blkioThrottle: boolean;
  /** Lists of CPUs and memory nodes, such as `0-3`; empty without the controller. */
  readonly cpus: string;
  readonly mems: string;
}

import { cpus } from 'node:os';
import type { Resources } from '../../api/engine/containers.ts';
import { invalidParameter } from '../../core/errors.ts';
import type { CgroupFeatures } from '../../host/cgroup-features.ts';

const MIN_MEMORY = 6 << 20;

/** What a check finds: limits that this kernel can hold, and a line for each that it cannot. */
export interface CheckedResources<T extends Resources> {
  readonly resources: T;
  readonly warnings: readonly string[];
}

/**
 * Checks limits of a container, and leaves out with a warning what the kernel cannot enforce.
 * @throws BargeError invalid-parameter, in docker's words, for values out of range and contradictions.
 */
export function checkResources<T extends Resources>(
  request: T,
  features: CgroupFeatures,
): CheckedResources<T> {
  checkMemory(request);
  checkCpu(request, features);
  checkBlockIo(request);
  const { OomScoreAdj: adjust } = request as { readonly OomScoreAdj?: number };
  if (adjust !== undefined && (adjust < -1000 || adjust > 1000)) {
    throw invalidParameter(`Invalid value ${adjust}, range for oom score adj is [-1000, 1000]`);
  }
  const warnings: string[] = [];
  const resources = { ...request };
  if (request.MemorySwappiness === -1) delete (resources as { MemorySwappiness?: unknown }).MemorySwappiness;
  for (const [fields, has, warning] of discards(features)) {
    const asked = fields.filter((field) => isSet(request[field]));
    if (has || asked.length === 0) continue;
    for (const field of asked) delete resources[field];
    warnings.push(warning);
  }
  if (resources.OomKillDisable && !resources.Memory) {
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  }
  return { resources, warnings };
}

function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return (
    value !== undefined && value !== null && value !== 0 && value !== '' && value !== false && value !== -1
  );
}

type Discard = readonly [fields: readonly (keyof Resources)[], has: boolean, warning: string];

const missing = (what: string, effect: string) =>
  `Your kernel does not support ${what} or the cgroup is not mounted. ${effect}`;

function discards(f: CgroupFeatures): Discard[] {
  const throttle = (field: keyof Resources, what: string, effect: string): Discard => [
    [field],
    f.blkioThrottle,
    missing(what, `Block I/O ${effect} limit discarded.`),
  ];
  return [
    [['Memory', 'MemorySwap'], f.memory, missing('memory limit capabilities', 'Limitation discarded.')],
    [['MemorySwap'], f.memorySwap, missing('swap limit capabilities', 'Memory limited without swap.')],
    [
      ['MemorySwappiness'],
      f.swappiness,
      missing('memory swappiness capabilities', 'Memory swappiness discarded.'),
    ],
    [
      ['MemoryReservation'],
      f.memoryReservation,
      missing('memory soft limit capabilities', 'Limitation discarded.'),
    ],
    [
      ['OomKillDisable'],
      f.oomKillDisable,
      'Your kernel does not support OomKillDisable. OomKillDisable discarded.',
    ],
    [['PidsLimit'], f.pids, missing('PIDs limit capabilities', 'PIDs limit discarded.')],
    [['NanoCpus'], f.cpuCfs, missing('CPU CFS scheduler', 'NanoCPUs discarded.')],
    [['CpuShares'], f.cpuShares, missing('CPU shares', 'Shares discarded.')],
    [['CpuPeriod', 'CpuQuota'], f.cpuCfs, missing('CPU CFS scheduler', 'CPU period/quota discarded.')],
    [['CpusetCpus', 'CpusetMems'], f.cpuset, missing('cpuset', 'Cpuset discarded.')],
    [['BlkioWeight'], f.blkioWeight, missing('Block I/O weight', 'Weight discarded.')],
    [
      ['BlkioWeightDevice'],
      f.blkioWeightDevice,
      missing('Block I/O weight_device', 'Weight-device discarded.'),
    ],
    throttle('BlkioDeviceReadBps', 'BPS Block I/O read limit', 'BPS read'),
    throttle('BlkioDeviceWriteBps', 'BPS Block I/O write limit', 'BPS write'),
    throttle('BlkioDeviceReadIOps', 'IOPS Block read limit', 'IOPS read'),
    throttle('BlkioDeviceWriteIOps', 'IOPS Block write limit', 'IOPS write'),
  ];
}

function checkMemory(r: Resources): void {
  if (r.Memory && r.Memory < MIN_MEMORY) throw invalidParameter('Minimum memory limit allowed is 6MB');
  if (r.MemorySwap && r.MemorySwap > 0) {
    if (!r.Memory)
      throw invalidParameter('You should always set the Memory limit when using Memoryswap limit, see usage');
    if (r.MemorySwap < r.Memory)
      throw invalidParameter('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (r.MemoryReservation && r.MemoryReservation < MIN_MEMORY) {
    throw invalidParameter('Minimum memory reservation allowed is 6MB');
  }
  if (r.Memory && r.MemoryReservation && r.MemoryReservation > r.Memory) {
    throw invalidParameter('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
  const { MemorySwappiness: swappiness } = r;
  if (typeof swappiness === 'number' && swappiness !== -1 && (swappiness < 0 || swappiness > 100)) {
    throw invalidParameter(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  }
}

/** By itself: to ask for the host's CPUs takes longer than all other checks together. */
function checkCpuCount(nano: number): void {
  const count = cpus().length;
  if (nano > 0 && nano <= count * 1e9) return;
  throw invalidParameter(
    `Range of CPUs is from 0.01 to ${count}.00, as there are only ${count} CPUs available`,
  );
}

function checkCpu(r: Resources, features: CgroupFeatures): void {
  if (r.NanoCpus && r.CpuPeriod) {
    throw invalidParameter('Conflicting options: Nano CPUs and CPU Period cannot both be set.');
  }
  if (r.NanoCpus && r.CpuQuota) {
    throw invalidParameter('Conflicting options: Nano CPUs and CPU Quota cannot both be set.');
  }
  if (r.NanoCpus) checkCpuCount(r.NanoCpus);
  if (r.CpuShares && r.CpuShares < 0)
    throw invalidParameter(`invalid CPU shares (${r.CpuShares}): value must be a positive integer`);
  if (r.CpuPeriod && (r.CpuPeriod < 1000 || r.CpuPeriod > 1_000_000)) {
    throw invalidParameter(
      'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
    );
  }
  if (r.CpuQuota && r.CpuQuota > 0 && r.CpuQuota < 1000) {
    throw invalidParameter('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  }
  if (r.CpuRealtimePeriod && !features.cpuRealtime) {
    throw invalidParameter('Your kernel does not support cgroup cpu real-time period');
  }
  if (r.CpuRealtimeRuntime && !features.cpuRealtime) {
    throw invalidParameter('Your kernel does not support cgroup cpu real-time runtime');
  }
  if ((r.CpuRealtimePeriod ?? 0) > 0 && (r.CpuRealtimeRuntime ?? 0) > (r.CpuRealtimePeriod ?? 0)) {
    throw invalidParameter('cpu real-time runtime cannot be higher than cpu real-time period');
  }
  checkSet(r.CpusetCpus, features.cpus, 'cpus', 'CPUs');
  checkSet(r.CpusetMems, features.mems, 'mems', 'memory nodes');
}

/** @param available empty: the host does not say. */
function checkSet(request: string | undefined, available: string, field: string, what: string): void {
  if (!request) return;
  const asked = expandSet(request);
  if (!asked) throw invalidParameter(`Invalid value ${request} for cpuset ${field}`);
  const there = new Set(expandSet(available));
  if (available && asked.some((number) => !there.has(number))) {
    throw invalidParameter(
      `Requested ${what} are not available - requested ${request}, available: ${available}`,
    );
  }
}

const MAX_CPUS = 8192;

/** `0-2,5` → 0, 1, 2, 5; undefined for what is no list. */
function expandSet(text: string): number[] | undefined {
  const numbers: number[] = [];
  for (const part of text.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    if (!match) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last < first || last > MAX_CPUS) return undefined;
    for (let number = first; number <= last; number++) numbers.push(number);
  }
  return numbers;
}

function checkBlockIo(r: Resources): void {
  if (r.BlkioWeight && (r.BlkioWeight < 10 || r.BlkioWeight > 1000)) {
    throw invalidParameter('Range of blkio weight is from 10 to 1000');
  }
  const windows = r as { readonly IOMaximumBandwidth?: number; readonly IOMaximumIOps?: number };
  if (windows.IOMaximumBandwidth) {
    throw invalidParameter('Invalid QoS settings: linux does not support Maximum IO Bandwidth');
  }
  if (windows.IOMaximumIOps) {
    throw invalidParameter('Invalid QoS settings: linux does not support Maximum IO IOPs');
  }
}

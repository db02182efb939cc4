import { cpus } from 'node:os';
import { invalidParameter } from '../../core/errors.ts';
import type { CgroupFeatures } from '../../host/cgroup-features.ts';
import { DEFAULT_SPEC } from '../default-spec.ts';
import type { LimitSpec } from '../resource-spec.ts';

const MIN_MEMORY = 6 << 20;

/** Limits that this kernel can enforce, and a warning for each that it cannot. */
interface CheckedLimits {
  readonly limits: LimitSpec;
  readonly warnings: readonly string[];
}

/**
 * Checks limits of a container, and leaves out with a warning what the kernel cannot enforce.
 * @throws BargeError invalid-parameter, in docker's words, for values out of range and contradictions.
 */
export function checkLimits(request: LimitSpec, features: CgroupFeatures): CheckedLimits {
  checkMemory(request);
  checkCpu(request, features);
  checkBlockIo(request);
  const warnings: string[] = [];
  let limits = request;
  for (const [fields, has, warning] of discards(features)) {
    const asked = fields.filter((field) => isSet(limits[field]));
    if (has || asked.length === 0) continue;
    limits = without(limits, asked);
    warnings.push(warning);
  }
  if (limits.disableOomKiller && !limits.memory) {
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  }
  return { limits, warnings };
}

/** The limits without these; one that has no default is absent then. */
function without(limits: LimitSpec, names: readonly (keyof LimitSpec)[]): LimitSpec {
  const { memorySwappiness, ...others } = limits;
  const kept = names.includes('memorySwappiness') ? others : limits;
  const { limits: none }: { readonly limits: LimitSpec } = DEFAULT_SPEC;
  const cleared = names.filter((name) => name in none).map((name) => [name, none[name]]);
  return { ...kept, ...Object.fromEntries(cleared) };
}

/** As much swap as memory, unless something else was asked for. */
export const swapOf = ({ memory, memorySwap }: Pick<LimitSpec, 'memory' | 'memorySwap'>): number =>
  memorySwap || 2 * memory;

function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== 0 && value !== '' && value !== false && value !== -1;
}

type Discard = readonly [fields: readonly (keyof LimitSpec)[], has: boolean, warning: string];

const missing = (what: string, effect: string) =>
  `Your kernel does not support ${what} or the cgroup is not mounted. ${effect}`;

function discards(f: CgroupFeatures): Discard[] {
  const throttle = (field: keyof LimitSpec, what: string, effect: string): Discard => [
    [field],
    f.blkioThrottle,
    missing(what, `Block I/O ${effect} limit discarded.`),
  ];
  return [
    [['memory', 'memorySwap'], f.memory, missing('memory limit capabilities', 'Limitation discarded.')],
    [['memorySwap'], f.memorySwap, missing('swap limit capabilities', 'Memory limited without swap.')],
    [
      ['memorySwappiness'],
      f.swappiness,
      missing('memory swappiness capabilities', 'Memory swappiness discarded.'),
    ],
    [
      ['memoryReservation'],
      f.memoryReservation,
      missing('memory soft limit capabilities', 'Limitation discarded.'),
    ],
    [
      ['disableOomKiller'],
      f.oomKillDisable,
      'Your kernel does not support OomKillDisable. OomKillDisable discarded.',
    ],
    [['pids'], f.pids, missing('PIDs limit capabilities', 'PIDs limit discarded.')],
    [['nanoCpus'], f.cpuCfs, missing('CPU CFS scheduler', 'NanoCPUs discarded.')],
    [['cpuShares'], f.cpuShares, missing('CPU shares', 'Shares discarded.')],
    [['cpuPeriod', 'cpuQuota'], f.cpuCfs, missing('CPU CFS scheduler', 'CPU period/quota discarded.')],
    [['cpus', 'memoryNodes'], f.cpuset, missing('cpuset', 'Cpuset discarded.')],
    [['blockWeight'], f.blkioWeight, missing('Block I/O weight', 'Weight discarded.')],
    [
      ['blockWeightDevices'],
      f.blkioWeightDevice,
      missing('Block I/O weight_device', 'Weight-device discarded.'),
    ],
    throttle('blockReadBytes', 'BPS Block I/O read limit', 'BPS read'),
    throttle('blockWriteBytes', 'BPS Block I/O write limit', 'BPS write'),
    throttle('blockReadRequests', 'IOPS Block read limit', 'IOPS read'),
    throttle('blockWriteRequests', 'IOPS Block write limit', 'IOPS write'),
  ];
}

function checkMemory(r: LimitSpec): void {
  if (r.memory && r.memory < MIN_MEMORY) throw invalidParameter('Minimum memory limit allowed is 6MB');
  if (r.memorySwap && r.memorySwap > 0) {
    if (!r.memory)
      throw invalidParameter('You should always set the Memory limit when using Memoryswap limit, see usage');
    if (r.memorySwap < r.memory)
      throw invalidParameter('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (r.memoryReservation && r.memoryReservation < MIN_MEMORY) {
    throw invalidParameter('Minimum memory reservation allowed is 6MB');
  }
  if (r.memory && r.memoryReservation && r.memoryReservation > r.memory) {
    throw invalidParameter('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
  const { memorySwappiness: swappiness } = r;
  if (swappiness !== undefined && (swappiness < 0 || swappiness > 100)) {
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

function checkCpu(r: LimitSpec, features: CgroupFeatures): void {
  if (r.nanoCpus && r.cpuPeriod) {
    throw invalidParameter('Conflicting options: Nano CPUs and CPU Period cannot both be set.');
  }
  if (r.nanoCpus && r.cpuQuota) {
    throw invalidParameter('Conflicting options: Nano CPUs and CPU Quota cannot both be set.');
  }
  if (r.nanoCpus) checkCpuCount(r.nanoCpus);
  if (r.cpuShares && r.cpuShares < 0)
    throw invalidParameter(`invalid CPU shares (${r.cpuShares}): value must be a positive integer`);
  if (r.cpuPeriod && (r.cpuPeriod < 1000 || r.cpuPeriod > 1_000_000)) {
    throw invalidParameter(
      'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
    );
  }
  if (r.cpuQuota && r.cpuQuota > 0 && r.cpuQuota < 1000) {
    throw invalidParameter('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  }
  if (r.cpuRealtimePeriod && !features.cpuRealtime) {
    throw invalidParameter('Your kernel does not support cgroup cpu real-time period');
  }
  if (r.cpuRealtimeRuntime && !features.cpuRealtime) {
    throw invalidParameter('Your kernel does not support cgroup cpu real-time runtime');
  }
  if (r.cpuRealtimePeriod > 0 && r.cpuRealtimeRuntime > r.cpuRealtimePeriod) {
    throw invalidParameter('cpu real-time runtime cannot be higher than cpu real-time period');
  }
  checkSet(r.cpus, features.cpus, 'cpus', 'CPUs');
  checkSet(r.memoryNodes, features.mems, 'mems', 'memory nodes');
}

/** @param available empty: the host does not say. */
function checkSet(request: string, available: string, field: string, what: string): void {
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

function checkBlockIo(r: LimitSpec): void {
  if (r.blockWeight && (r.blockWeight < 10 || r.blockWeight > 1000)) {
    throw invalidParameter('Range of blkio weight is from 10 to 1000');
  }
}

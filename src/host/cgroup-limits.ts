import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { conflict, errnoOf, invalidParameter, systemError } from '../core/errors.ts';
import { CGROUP_ROOT, cgroupLayout } from './cgroups.ts';

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

type Write = readonly [controller: string, file: string, value: string];

/**
 * Sets limits of a cgroup whose processes run.
 * @throws BargeError conflict when more than a limit is in use, invalid-parameter for another value that the kernel
 *   refuses, not-found files as system errors.
 */
export function applyLimits(path: string, limits: CgroupLimits): void {
  const v2 = cgroupLayout() === 'v2';
  const directory = (controller: string) => join(CGROUP_ROOT, v2 ? '' : controller, path);
  const writes = v2 ? writesV2(limits, directory('')) : writesV1(limits, directory('memory'));
  for (const [controller, file, value] of writes) write(join(directory(controller), file), value);
}

function write(file: string, value: string): void {
  try {
    writeFileSync(file, value);
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (code === 'EBUSY') {
      throw conflict(`the kernel does not take ${value} for ${file}: more than that is in use`, {
        cause: error,
      });
    }
    if (['EINVAL', 'ERANGE', 'EDOM', 'ENODEV'].includes(code)) {
      throw invalidParameter(`write ${file}: invalid argument: the kernel does not take ${value}`, {
        cause: error,
      });
    }
    if (code === 'ENOENT') throw systemError(`this host has no ${file}: its kernel lacks that limit`);
    throw systemError(`writing ${value} to ${file} failed: ${code}`, { cause: error });
  }
}

const text = (value: number) => String(value);

function* writesV1(l: CgroupLimits, memoryDirectory: string): Generator<Write> {
  yield* memoryV1(l, memoryDirectory);
  if (l.memoryReservation) yield ['memory', 'memory.soft_limit_in_bytes', text(l.memoryReservation)];
  if (l.cpuShares) yield ['cpu', 'cpu.shares', text(l.cpuShares)];
  if (l.cpuPeriod) yield ['cpu', 'cpu.cfs_period_us', text(l.cpuPeriod)];
  if (l.cpuQuota) yield ['cpu', 'cpu.cfs_quota_us', text(l.cpuQuota)];
  if (l.cpuRealtimePeriod) yield ['cpu', 'cpu.rt_period_us', text(l.cpuRealtimePeriod)];
  if (l.cpuRealtimeRuntime) yield ['cpu', 'cpu.rt_runtime_us', text(l.cpuRealtimeRuntime)];
  if (l.cpusetCpus) yield ['cpuset', 'cpuset.cpus', l.cpusetCpus];
  if (l.cpusetMems) yield ['cpuset', 'cpuset.mems', l.cpusetMems];
  if (l.blkioWeight) yield ['blkio', blockWeightFile(), text(l.blkioWeight)];
  if (l.pids !== undefined) yield ['pids', 'pids.max', l.pids > 0 ? text(l.pids) : 'max'];
  yield* (l.blockDevices ?? []).map(blockRuleV1);
}

/** The kernel keeps memory ≤ memory with swap at every moment: what grows first depends on the direction. */
function memoryV1({ memory, memorySwap }: CgroupLimits, directory: string): Write[] {
  const first: Write[] = memory ? [['memory', 'memory.limit_in_bytes', text(memory)]] : [];
  const file = 'memory.memsw.limit_in_bytes';
  if (!memorySwap || !existsSync(join(directory, file))) return first;
  const second: Write = ['memory', file, text(memorySwap)];
  const now = Number(readFileSync(join(directory, file), 'utf8'));
  const grows = memorySwap < 0 || memorySwap > now;
  return grows ? [second, ...first] : [...first, second];
}

function blockWeightFile(): string {
  return existsSync(join(CGROUP_ROOT, 'blkio/blkio.weight')) ? 'blkio.weight' : 'blkio.bfq.weight';
}

const THROTTLE_V1 = {
  'read-bytes': 'blkio.throttle.read_bps_device',
  'write-bytes': 'blkio.throttle.write_bps_device',
  'read-requests': 'blkio.throttle.read_iops_device',
  'write-requests': 'blkio.throttle.write_iops_device',
};

function blockRuleV1({ kind, major, minor, value }: BlockRule): Write {
  const file = kind === 'weight' ? `${blockWeightFile()}_device` : THROTTLE_V1[kind];
  return ['blkio', file, `${major}:${minor} ${value ?? 0}`];
}

const THROTTLE_V2 = {
  'read-bytes': 'rbps',
  'write-bytes': 'wbps',
  'read-requests': 'riops',
  'write-requests': 'wiops',
};

function blockRuleV2({ kind, major, minor, value }: BlockRule): Write {
  if (kind === 'weight') return ['', 'io.bfq.weight', `${major}:${minor} ${value ?? 'default'}`];
  return ['', 'io.max', `${major}:${minor} ${THROTTLE_V2[kind]}=${value ?? 'max'}`];
}

const DEFAULT_PERIOD = '100000';

function* writesV2(l: CgroupLimits, directory: string): Generator<Write> {
  const limit = (value: number) => (value < 0 ? 'max' : text(value));
  if (l.memory) yield ['', 'memory.max', limit(l.memory)];
  if (l.memorySwap && existsSync(join(directory, 'memory.swap.max'))) {
    yield ['', 'memory.swap.max', limit(swapOnly(l.memorySwap, l.memory ?? 0))];
  }
  if (l.memoryReservation) yield ['', 'memory.low', limit(l.memoryReservation)];
  if (l.cpuShares) yield ['', 'cpu.weight', text(cpuWeight(l.cpuShares))];
  if (l.cpuPeriod || l.cpuQuota) {
    const [quota = 'max', period = DEFAULT_PERIOD] = readFileSync(join(directory, 'cpu.max'), 'utf8')
      .trim()
      .split(' ');
    yield ['', 'cpu.max', `${l.cpuQuota ? limit(l.cpuQuota) : quota} ${l.cpuPeriod ?? period}`];
  }
  if (l.cpusetCpus) yield ['', 'cpuset.cpus', l.cpusetCpus];
  if (l.cpusetMems) yield ['', 'cpuset.mems', l.cpusetMems];
  if (l.blkioWeight) yield ['', 'io.bfq.weight', text(l.blkioWeight)];
  if (l.pids !== undefined) yield ['', 'pids.max', l.pids > 0 ? text(l.pids) : 'max'];
  yield* (l.blockDevices ?? []).map(blockRuleV2);
}

/** Version 2 limits swap by itself. */
export function swapOnly(memorySwap: number, memory: number): number {
  return memorySwap < 0 ? -1 : Math.max(0, memorySwap - memory);
}

/** Shares from 2 to 262144 onto weights from 1 to 10000, as the OCI runtimes translate them. */
export function cpuWeight(shares: number): number {
  return Math.floor(1 + ((shares - 2) * 9999) / 262142);
}

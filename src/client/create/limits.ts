import type { Resources, RestartPolicy, ThrottleDevice } from '../../api/engine/containers.ts';
import { invalidParameter } from '../../core/errors.ts';
import { parseBytes } from '../../core/units.ts';
import { splitThrottle } from './checks.ts';
import type { CreateFlags, LimitFlags } from './flags.ts';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const NUMBERS = [
  ['memory', 'Memory'],
  ['memory-reservation', 'MemoryReservation'],
  ['memory-swap', 'MemorySwap'],
  ['cpus', 'NanoCpus'],
  ['cpu-shares', 'CpuShares'],
  ['cpu-period', 'CpuPeriod'],
  ['cpu-quota', 'CpuQuota'],
  ['cpu-rt-period', 'CpuRealtimePeriod'],
  ['cpu-rt-runtime', 'CpuRealtimeRuntime'],
  ['blkio-weight', 'BlkioWeight'],
  ['pids-limit', 'PidsLimit'],
] as const;

/** The limits among `flags` that the user gave: those of `LIMITS`. */
export function readLimits(flags: LimitFlags): Resources {
  const limits: Mutable<Resources> = {};
  for (const [flag, member] of NUMBERS) if (flags.has(flag)) limits[member] = flags.number(flag);
  if (flags.has('cpuset-cpus')) limits.CpusetCpus = flags.text('cpuset-cpus');
  if (flags.has('cpuset-mems')) limits.CpusetMems = flags.text('cpuset-mems');
  return limits;
}

const THROTTLES = [
  ['device-read-bps', 'BlkioDeviceReadBps'],
  ['device-write-bps', 'BlkioDeviceWriteBps'],
  ['device-read-iops', 'BlkioDeviceReadIOps'],
  ['device-write-iops', 'BlkioDeviceWriteIOps'],
] as const;

/** The limits that only `create` and `run` have. @throws BargeError invalid-parameter. */
export function readCreateLimits(flags: CreateFlags): Resources {
  const limits: Mutable<Resources> = { ...readLimits(flags) };
  const swappiness = flags.number('memory-swappiness');
  if (swappiness !== -1) {
    if (swappiness < 0 || swappiness > 100) {
      throw invalidParameter(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
    }
    limits.MemorySwappiness = swappiness;
  }
  if (flags.bool('oom-kill-disable')) limits.OomKillDisable = true;
  for (const [flag, member] of THROTTLES) {
    if (flags.has(flag)) limits[member] = flags.list(flag).map(throttle);
  }
  if (flags.has('blkio-weight-device')) {
    limits.BlkioWeightDevice = flags.list('blkio-weight-device').map((value) => {
      const { Path, Rate } = throttle(value);
      return { Path, Weight: Rate };
    });
  }
  return limits;
}

function throttle(value: string): ThrottleDevice {
  const { path, rate = '0' } = splitThrottle(value);
  return { Path: path, Rate: parseBytes(rate) };
}

/** `no`, `always`, `unless-stopped`, `on-failure[:count]`. @throws BargeError invalid-parameter. */
export function parseRestartPolicy(text: string): RestartPolicy {
  const [name = '', count, ...more] = text.split(':');
  if (name === '' && count !== undefined) {
    throw invalidParameter('invalid restart policy format: no policy provided before colon');
  }
  if (count === undefined) return { Name: name as NonNullable<RestartPolicy['Name']>, MaximumRetryCount: 0 };
  if (more.length > 0 || !/^\d+$/.test(count)) {
    throw invalidParameter('invalid restart policy format: maximum retry count must be an integer');
  }
  return { Name: name as NonNullable<RestartPolicy['Name']>, MaximumRetryCount: Number(count) };
}

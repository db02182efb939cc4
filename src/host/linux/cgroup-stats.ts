import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../core/errors.ts';
import { type ExactInteger, exactInteger } from '../../core/exact-integer.ts';
import type { BlockCount, CgroupUsage, InterfaceCounters } from '../cgroup-stats.ts';
import { CGROUP_ROOT } from './cgroup-root.ts';

/** What the processes of the cgroup `path` use now; undefined when there is no such cgroup. */
export function cgroupUsage(v2: boolean, path: string): CgroupUsage | undefined {
  const file = (controller: string) => (name: string) =>
    readOr(join(CGROUP_ROOT, v2 ? '' : controller, path, name));
  if (file('memory')('cgroup.procs') === undefined) return undefined;
  return v2 ? usageV2(file('')) : usageV1(file);
}

type Reader = (name: string) => string | undefined;

/** What reading of a cgroup or process that has gone, or is going, fails with; and of what the kernel does not have. */
const GONE = ['ENOENT', 'ENODEV', 'EOPNOTSUPP', 'ESRCH', 'EINVAL'];

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (GONE.includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** A file of one number; `max` and what is not there are `otherwise`. */
function number(text: string | undefined, otherwise = 0): number {
  const value = text?.trim();
  return value === undefined || value === 'max' || value === '' ? otherwise : Number(value);
}

/** A counter of the kernel's, of up to 64 bits; what is not there is 0. */
function count(text: string | undefined): bigint {
  const value = text?.trim() ?? '';
  return /^-?\d+$/.test(value) ? BigInt(value) : 0n;
}

const exact = (text: string | undefined): ExactInteger => exactInteger(count(text));

/** Lines of `name value`. */
function pairs(text: string | undefined): Map<string, bigint> {
  const lines = (text ?? '').split('\n').filter(Boolean);
  return new Map(
    lines.map((line) => {
      const [name = '', value] = line.split(' ');
      return [name, count(value)];
    }),
  );
}

const detailOf = (text: string | undefined): Record<string, ExactInteger> =>
  Object.fromEntries([...pairs(text)].map(([name, value]) => [name, exactInteger(value)]));

/** The largest number of pages that v1 can count: its way to say that there is no limit. */
const V1_UNLIMITED = 2 ** 62;
/** `cpuacct.stat` counts in USER_HZ, 100 on every architecture that we run on. */
const TICK = 10_000_000n;

function usageV1(file: (controller: string) => Reader): CgroupUsage {
  const [account, cpu, memory, pids, block] = ['cpuacct', 'cpu', 'memory', 'pids', 'blkio'].map(file) as [
    Reader,
    Reader,
    Reader,
    Reader,
    Reader,
  ];
  const times = pairs(account('cpuacct.stat'));
  const throttling = pairs(cpu('cpu.stat'));
  const scaled = (name: string) => exactInteger((times.get(name) ?? 0n) * TICK);
  const throttled = (name: string) => exactInteger(throttling.get(name) ?? 0n);
  const limit = number(memory('memory.limit_in_bytes'));
  return {
    cpu: {
      total: exact(account('cpuacct.usage')),
      user: scaled('user'),
      kernel: scaled('system'),
      perCpu: (account('cpuacct.usage_percpu') ?? '').trim().split(' ').filter(Boolean).map(exact),
      periods: throttled('nr_periods'),
      throttledPeriods: throttled('nr_throttled'),
      throttledTime: throttled('throttled_time'),
    },
    memory: {
      usage: exact(memory('memory.usage_in_bytes')),
      limit: limit >= V1_UNLIMITED ? Number.POSITIVE_INFINITY : limit,
      detail: detailOf(memory('memory.stat')),
      maxUsage: exact(memory('memory.max_usage_in_bytes')),
      failures: exact(memory('memory.failcnt')),
    },
    pids: { current: number(pids('pids.current')), limit: number(pids('pids.max')) },
    blockBytes: blockV1(block('blkio.throttle.io_service_bytes_recursive')),
    blockRequests: blockV1(block('blkio.throttle.io_serviced_recursive')),
  };
}

/** Lines of `major:minor Operation value`, and a last one with the total of all devices. */
export function blockV1(text: string | undefined): BlockCount[] {
  return (text ?? '').split('\n').flatMap((line): BlockCount[] => {
    const [, major, minor, op = '', value] = /^(\d+):(\d+) (\w+) (\d+)$/.exec(line) ?? [];
    if (major === undefined) return [];
    return [{ major: Number(major), minor: Number(minor), op: op.toLowerCase(), value: exact(value) }];
  });
}

const MICRO = 1000n;

function usageV2(read: Reader): CgroupUsage {
  const cpu = pairs(read('cpu.stat'));
  const times = (name: string, unit = 1n) => exactInteger((cpu.get(name) ?? 0n) * unit);
  return {
    cpu: {
      total: times('usage_usec', MICRO),
      user: times('user_usec', MICRO),
      kernel: times('system_usec', MICRO),
      periods: times('nr_periods'),
      throttledPeriods: times('nr_throttled'),
      throttledTime: times('throttled_usec', MICRO),
    },
    memory: {
      usage: exact(read('memory.current')),
      limit: number(read('memory.max'), Number.POSITIVE_INFINITY),
      detail: detailOf(read('memory.stat')),
    },
    pids: { current: number(read('pids.current')), limit: number(read('pids.max')) },
    blockBytes: blockV2(read('io.stat')),
  };
}

/** Lines of `major:minor rbytes=N wbytes=N rios=N wios=N …`. */
export function blockV2(text: string | undefined): BlockCount[] {
  return (text ?? '').split('\n').flatMap((line): BlockCount[] => {
    const [, major, minor, rest = ''] = /^(\d+):(\d+) (.*)$/.exec(line) ?? [];
    if (major === undefined) return [];
    const counts = new Map(rest.split(' ').map((part) => part.split('=') as [string, string]));
    const device = { major: Number(major), minor: Number(minor) };
    return [
      { ...device, op: 'read', value: exact(counts.get('rbytes')) },
      { ...device, op: 'write', value: exact(counts.get('wbytes')) },
    ];
  });
}

/** Nanoseconds that all CPUs of the host together have been up: busy, idle or waiting. */
export function systemCpuTime(): ExactInteger {
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  const fields = first.split(/\s+/).slice(1, 8).map(count);
  return exactInteger(fields.reduce((sum, ticks) => sum + ticks, 0n) * TICK);
}

/** Counters of the network interfaces that a process sees, but for the loopback; none when it has gone. */
export function networkCounters(pid: number): Record<string, InterfaceCounters> {
  return parseNetDev(readOr(`/proc/${pid}/net/dev`) ?? '');
}

export function parseNetDev(text: string): Record<string, InterfaceCounters> {
  const rows = text.split('\n').flatMap((line): [string, InterfaceCounters][] => {
    const [, name = '', rest = ''] = /^\s*([^\s:]+):\s*(.*)$/.exec(line) ?? [];
    if (!name || name === 'lo') return [];
    const n = rest.split(/\s+/).map(exact);
    const [rx_bytes = 0, rx_packets = 0, rx_errors = 0, rx_dropped = 0] = n;
    const [tx_bytes = 0, tx_packets = 0, tx_errors = 0, tx_dropped = 0] = n.slice(8);
    const counters = { rx_bytes, rx_packets, rx_errors, rx_dropped };
    return [[name, { ...counters, tx_bytes, tx_packets, tx_errors, tx_dropped }]];
  });
  return Object.fromEntries(rows);
}

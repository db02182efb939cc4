import { cpus, totalmem } from 'node:os';
import { isRunning } from '../../container/life/state.ts';
import type { Container } from '../../container/model.ts';
import type { Runner } from '../../container/runner.ts';
import type { ContainerStore } from '../../container/store.ts';
import type { ExactInteger } from '../../core/exact-integer.ts';
import type { BlockCount, CgroupUsage, InterfaceCounters } from '../../host/cgroup-stats.ts';
import type { Cgroups } from '../../host/cgroups.ts';

export interface StatsContext {
  readonly containers: Pick<ContainerStore, 'find' | 'get' | 'has'>;
  readonly host: {
    readonly cgroups: Pick<Cgroups, 'usage' | 'systemCpuTime' | 'layout' | 'networkCounters'>;
  };
  readonly runner: Pick<Runner, 'cgroupOf'>;
}

/** Milliseconds between two samples of a stream. */
const INTERVAL_MS = 1000;
const NEVER = '0001-01-01T00:00:00Z';

interface CpuStats {
  readonly cpu_usage: {
    readonly total_usage: ExactInteger;
    readonly percpu_usage?: readonly ExactInteger[];
    readonly usage_in_kernelmode: ExactInteger;
    readonly usage_in_usermode: ExactInteger;
  };
  readonly system_cpu_usage?: ExactInteger;
  readonly online_cpus?: number;
  readonly throttling_data: {
    readonly periods: ExactInteger;
    readonly throttled_periods: ExactInteger;
    readonly throttled_time: ExactInteger;
  };
}

/** One message of `GET /containers/{id}/stats`. Times of CPUs are nanoseconds, memory is bytes. */
interface ContainerStats {
  readonly id: string;
  readonly name: string;
  readonly os_type: 'linux';
  readonly read: string;
  readonly preread: string;
  readonly cpu_stats: CpuStats;
  readonly precpu_stats: CpuStats;
  readonly memory_stats: Readonly<Record<string, unknown>>;
  readonly pids_stats: { readonly current?: number; readonly limit?: number };
  readonly blkio_stats: Readonly<Record<string, readonly BlockCount[] | null>>;
  readonly num_procs: 0;
  readonly storage_stats: Readonly<Record<string, never>>;
  readonly networks?: Readonly<Record<string, InterfaceCounters>>;
}

const NO_CPU: CpuStats = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

const NO_BLOCKS = {
  io_service_bytes_recursive: null,
  io_serviced_recursive: null,
  io_queue_recursive: null,
  io_service_time_recursive: null,
  io_wait_time_recursive: null,
  io_merged_recursive: null,
  io_time_recursive: null,
  sectors_recursive: null,
};

/** One sample. @param before the sample before it, whose CPU times it repeats. */
export function sample(ctx: StatsContext, id: string, before?: ContainerStats): ContainerStats {
  const container = ctx.containers.get(id);
  const { definition, state } = container;
  const { cgroups } = ctx.host;
  const common = {
    id,
    name: `/${definition.name}`,
    os_type: 'linux' as const,
    preread: before?.read ?? NEVER,
    precpu_stats: before?.cpu_stats ?? NO_CPU,
    num_procs: 0 as const,
    storage_stats: {},
  };
  const usage = isRunning(state) ? cgroups.usage(ctx.runner.cgroupOf(definition)) : undefined;
  if (!usage) {
    const nothing = { cpu_stats: NO_CPU, memory_stats: {}, pids_stats: {}, blkio_stats: NO_BLOCKS };
    return { ...common, read: NEVER, ...nothing, preread: NEVER, precpu_stats: NO_CPU };
  }
  return {
    ...common,
    read: new Date().toISOString(),
    cpu_stats: cpuStats(cgroups, usage),
    memory_stats: memoryStats(usage),
    pids_stats: pidsStats(usage),
    blkio_stats: blockStats(cgroups, usage),
    ...networkStats(cgroups, container),
  };
}

function cpuStats(cgroups: Pick<Cgroups, 'systemCpuTime'>, { cpu }: CgroupUsage): CpuStats {
  return {
    cpu_usage: {
      total_usage: cpu.total,
      ...(cpu.perCpu ? { percpu_usage: cpu.perCpu } : {}),
      usage_in_kernelmode: cpu.kernel,
      usage_in_usermode: cpu.user,
    },
    system_cpu_usage: cgroups.systemCpuTime(),
    online_cpus: cpus().length,
    throttling_data: {
      periods: cpu.periods,
      throttled_periods: cpu.throttledPeriods,
      throttled_time: cpu.throttledTime,
    },
  };
}

/** A container without a limit may use all memory of the host. */
function memoryStats({ memory }: CgroupUsage): Record<string, unknown> {
  return {
    usage: memory.usage,
    ...(memory.maxUsage === undefined ? {} : { max_usage: memory.maxUsage }),
    stats: memory.detail,
    ...(memory.failures ? { failcnt: memory.failures } : {}),
    limit: Math.min(memory.limit, totalmem()),
  };
}

function pidsStats({ pids }: CgroupUsage): ContainerStats['pids_stats'] {
  return { current: pids.current, ...(pids.limit ? { limit: pids.limit } : {}) };
}

function blockStats(
  cgroups: Pick<Cgroups, 'layout'>,
  { blockBytes, blockRequests }: CgroupUsage,
): ContainerStats['blkio_stats'] {
  if (cgroups.layout === 'v2') return { ...NO_BLOCKS, io_service_bytes_recursive: blockBytes };
  const none = Object.fromEntries(Object.keys(NO_BLOCKS).map((name) => [name, []]));
  return {
    ...none,
    io_service_bytes_recursive: blockBytes,
    io_serviced_recursive: blockRequests ?? [],
  };
}

/** Only for a network of its own, or another container's: the host's counters are not the container's. */
function networkStats(
  cgroups: Pick<Cgroups, 'networkCounters'>,
  { definition, state }: Container,
): Pick<ContainerStats, 'networks'> {
  const { kind } = definition.spec.network.mode;
  if (kind === 'host' || kind === 'none') return {};
  const networks = isRunning(state) ? cgroups.networkCounters(state.pid) : {};
  return Object.keys(networks).length > 0 ? { networks } : {};
}

interface StatsQuery {
  /** Sample after sample, until the reader goes. */
  readonly stream: boolean;
  /** A single sample at once, without the one before it. */
  readonly oneShot: boolean;
  readonly signal: AbortSignal;
}

/** Samples of a container, a second apart; ends when the container has been removed. @throws BargeError not-found. */
export async function* containerStats(
  ctx: StatsContext,
  ref: string,
  { stream, oneShot, signal }: StatsQuery,
): AsyncGenerator<ContainerStats> {
  const { id } = ctx.containers.find(ref).definition;
  const isUp = () => isRunning(ctx.containers.get(id).state);
  let latest = sample(ctx, id);
  if (stream || oneShot || !isUp()) yield latest;
  if (!stream && (oneShot || latest.read === NEVER)) return;
  for (;;) {
    await pause(signal);
    if (signal.aborted || !ctx.containers.has(id)) return;
    latest = sample(ctx, id, latest.read === NEVER ? undefined : latest);
    yield latest;
    if (!stream) return;
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', over);
      resolve();
    };
    const timer = setTimeout(over, INTERVAL_MS);
    signal.addEventListener('abort', over);
    if (signal.aborted) over();
  });
}

import { checkResources } from '../../container/check/resources.ts';
import { type Container, isRunning } from '../../container/model.ts';
import { assertRestartPolicy } from '../../container/restart-policy.ts';
import { BargeError, conflict, messageOf } from '../../core/errors.ts';
import { cgroupFeatures } from '../../host/cgroup-features.ts';
import { applyLimits, type CgroupLimits } from '../../host/cgroup-limits.ts';
import type { HostConfig, Resources, RestartPolicy } from '../../spec/engine.ts';
import { type ContainerContext, emitContainer } from './context.ts';

/** Body of `POST /containers/{id}/update`. */
export interface ContainerUpdate extends Resources {
  readonly RestartPolicy?: RestartPolicy | null;
}

/** The limits that can change; others of `Resources` belong to the creation and are left alone, as Docker does. */
const NUMBERS = [
  'BlkioWeight',
  'CpuShares',
  'NanoCpus',
  'CpuPeriod',
  'CpuQuota',
  'CpuRealtimePeriod',
  'CpuRealtimeRuntime',
  'Memory',
  'MemorySwap',
  'MemoryReservation',
] as const;
const TEXTS = ['CpusetCpus', 'CpusetMems'] as const;

/**
 * Changes limits and the restart policy, of a running container at once. All of it happens or nothing.
 * @throws BargeError not-found; invalid-parameter or conflict for what contradicts itself or what is set.
 */
export async function updateContainer(
  ctx: ContainerContext,
  word: string,
  update: ContainerUpdate,
): Promise<{ Warnings: string[] | null }> {
  const { id } = ctx.containers.find(word).definition;
  if (update.RestartPolicy) assertRestartPolicy(update.RestartPolicy);
  return await ctx.locks.run(id, async () => {
    const container = ctx.containers.get(id);
    try {
      const updated = change(ctx, container, update);
      emitContainer(ctx, updated, 'update');
    } catch (error) {
      if (!(error instanceof BargeError)) throw error;
      throw new BargeError(error.kind, `Cannot update container ${id}: ${messageOf(error)}`, {
        cause: error,
      });
    }
    return { Warnings: null };
  });
}

function change(ctx: ContainerContext, { definition, state }: Container, update: ContainerUpdate): Container {
  if (state.status === 'removing' || state.status === 'dead') {
    throw conflict('Container is marked for removal and cannot be "update".');
  }
  const before = definition.hostConfig;
  const limits = asked(update);
  assertCompatible(before, update, limits);
  const after = { ...before, ...withSwap(before, limits), ...restartPolicy(before, update) };
  checkResources(after, cgroupFeatures(before.CgroupParent || ctx.runner.roots.cgroupParent));
  const cgroup = ctx.runner.cgroupOf(definition);
  const isUp = isRunning(state);
  if (isUp) applyOrRestore(cgroup, after, before, limits);
  try {
    return ctx.containers.setDefinition(definition.id, { hostConfig: after });
  } catch (error) {
    if (isUp) applyLimits(cgroup, limitsOf(before, limits));
    throw error;
  }
}

/** The limits that the request names. */
function asked(update: ContainerUpdate): Partial<HostConfig> {
  const wanted = [...NUMBERS, ...TEXTS].filter((name) => update[name]).map((name) => [name, update[name]]);
  const pids = typeof update.PidsLimit === 'number' ? { PidsLimit: update.PidsLimit } : {};
  return { ...Object.fromEntries(wanted), ...pids };
}

function assertCompatible(before: HostConfig, update: ContainerUpdate, limits: Partial<HostConfig>): void {
  const { Name: policy } = update.RestartPolicy ?? {};
  if (before.AutoRemove && policy && policy !== 'no') {
    throw conflict('Restart policy cannot be updated because AutoRemove is enabled for the container');
  }
  if (limits.NanoCpus && (before.CpuPeriod || before.CpuQuota)) {
    const set = before.CpuPeriod ? 'Period' : 'Quota';
    throw conflict(`Conflicting options: Nano CPUs cannot be updated as CPU ${set} has already been set`);
  }
  for (const [name, value] of [
    ['Period', limits.CpuPeriod],
    ['Quota', limits.CpuQuota],
  ] as const) {
    if (value && before.NanoCpus) {
      throw conflict(`Conflicting options: CPU ${name} cannot be updated as NanoCPUs has already been set`);
    }
  }
  const swap = swapOf(before);
  if (limits.Memory && !limits.MemorySwap && swap > 0 && limits.Memory > swap) {
    throw conflict(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  }
}

/** As at creation: a memory limit without a swap limit allows as much swap again. */
const swapOf = (host: HostConfig) => host.MemorySwap || 2 * (host.Memory || 0);

/** A new memory limit alone leaves the swap limit where it was. */
function withSwap(before: HostConfig, limits: Partial<HostConfig>): Partial<HostConfig> {
  const swap = swapOf(before);
  return limits.Memory && !limits.MemorySwap && swap ? { ...limits, MemorySwap: swap } : limits;
}

function restartPolicy(before: HostConfig, { RestartPolicy: policy }: ContainerUpdate): Partial<HostConfig> {
  if (!policy?.Name) return {};
  return {
    RestartPolicy: {
      ...before.RestartPolicy,
      Name: policy.Name,
      MaximumRetryCount: policy.MaximumRetryCount ?? 0,
    },
  };
}

function applyOrRestore(
  cgroup: string,
  after: HostConfig,
  before: HostConfig,
  limits: Partial<HostConfig>,
): void {
  try {
    applyLimits(cgroup, limitsOf(after, limits));
  } catch (error) {
    try {
      applyLimits(cgroup, limitsOf(before, limits));
    } catch (cleanup) {
      throw new BargeError(error instanceof BargeError ? error.kind : 'system', messageOf(error), {
        cause: error,
        cleanup: [cleanup],
      });
    }
    throw error;
  }
}

const PERIOD = 100_000;

/** What `host` says of the limits that are about to change, for the kernel: without a value there is no limit. */
function limitsOf(host: HostConfig, changing: Partial<HostConfig>): CgroupLimits {
  const memory = changing.Memory || changing.MemorySwap;
  const has = (name: keyof Resources) => Boolean(changing[name]);
  const quota = host.NanoCpus ? Math.floor((host.NanoCpus * PERIOD) / 1e9) : host.CpuQuota || -1;
  const changesCpu = has('NanoCpus') || has('CpuQuota') || has('CpuPeriod');
  return {
    ...(memory ? { memory: host.Memory || -1, memorySwap: swapOf(host) || -1 } : {}),
    ...(has('MemoryReservation') ? { memoryReservation: host.MemoryReservation || -1 } : {}),
    ...(has('CpuShares') ? { cpuShares: host.CpuShares || 1024 } : {}),
    ...(changesCpu ? { cpuPeriod: (!host.NanoCpus && host.CpuPeriod) || PERIOD, cpuQuota: quota } : {}),
    ...(has('CpuRealtimePeriod') ? { cpuRealtimePeriod: host.CpuRealtimePeriod ?? 0 } : {}),
    ...(has('CpuRealtimeRuntime') ? { cpuRealtimeRuntime: host.CpuRealtimeRuntime ?? 0 } : {}),
    ...(has('CpusetCpus') ? { cpusetCpus: host.CpusetCpus ?? '' } : {}),
    ...(has('CpusetMems') ? { cpusetMems: host.CpusetMems ?? '' } : {}),
    ...(has('BlkioWeight') ? { blkioWeight: host.BlkioWeight ?? 0 } : {}),
    ...(changing.PidsLimit === undefined ? {} : { pids: host.PidsLimit ?? -1 }),
  };
}

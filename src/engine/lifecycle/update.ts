import type { HostConfig, Resources, RestartPolicy } from '../../api/engine.ts';
import { checkResources } from '../../container/check/resources.ts';
import { isLeaving, isRunning } from '../../container/life/state.ts';
import type { Container } from '../../container/model.ts';
import { assertRestartPolicy } from '../../container/restart-policy.ts';
import { BargeError, conflict, messageOf } from '../../core/errors.ts';
import { cgroupFeatures } from '../../host/cgroup-features.ts';
import { applyLimits } from '../../host/cgroup-limits.ts';
import { cgroupPids } from '../../host/cgroups.ts';
import { type ContainerContext, emitContainer } from './context.ts';
import { DEVICE_LIMITS, limitsOf, swapOf } from './update-limits.ts';

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
  ref: string,
  update: ContainerUpdate,
): Promise<{ Warnings: string[] | null }> {
  const { id } = ctx.containers.find(ref).definition;
  if (update.RestartPolicy) assertRestartPolicy(update.RestartPolicy);
  return await ctx.life.run(id, async () => {
    const container = ctx.containers.get(id);
    try {
      const { updated, warnings } = change(ctx, container, update);
      emitContainer(ctx, updated, 'update');
      return { Warnings: warnings.length > 0 ? [...warnings] : null };
    } catch (error) {
      if (!(error instanceof BargeError)) throw error;
      throw new BargeError(error.kind, `Cannot update container ${id}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  });
}

function change(ctx: ContainerContext, { definition, state }: Container, update: ContainerUpdate) {
  if (isLeaving(state)) {
    throw conflict('Container is marked for removal and cannot be "update".');
  }
  const before = definition.hostConfig;
  const wanted = asked(update);
  assertCompatible(before, update, wanted);
  const features = cgroupFeatures(before.CgroupParent || ctx.runner.roots.cgroupParent);
  const { resources, warnings } = checkResources({ ...before, ...withSwap(before, wanted) }, features);
  /* What the kernel cannot limit is left out, with a warning. */
  const limits = Object.fromEntries(Object.entries(wanted).filter(([name]) => name in resources));
  const after: HostConfig = { ...resources, ...restartPolicy(before, update) };
  const cgroup = ctx.runner.cgroupOf(definition);
  const isUp = isRunning(state);
  if (isUp) applyOrRestore(cgroup, after, before, limits);
  try {
    return { updated: ctx.containers.setDefinition(definition.id, { hostConfig: after }), warnings };
  } catch (error) {
    if (isUp) applyLimits(cgroup, limitsOf(before, limits, after));
    throw error;
  }
}

/** The limits that the request names. */
function asked(update: ContainerUpdate): Partial<HostConfig> {
  const wanted = [...NUMBERS, ...TEXTS].filter((name) => update[name]).map((name) => [name, update[name]]);
  const pids = typeof update.PidsLimit === 'number' ? { PidsLimit: Math.max(0, update.PidsLimit) } : {};
  const devices = DEVICE_LIMITS.filter((name) => update[name]).map((name) => [name, update[name]]);
  return { ...Object.fromEntries([...wanted, ...devices]), ...pids };
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
    applyLimits(cgroup, limitsOf(after, limits, before));
  } catch (error) {
    /* Its processes have ended, and the news is still on its way: there is nothing left to limit. */
    if (cgroupPids(cgroup).length === 0) return;
    try {
      applyLimits(cgroup, limitsOf(before, limits, after));
    } catch (cleanup) {
      throw new BargeError(error instanceof BargeError ? error.kind : 'system', messageOf(error), {
        cause: error,
        cleanup: [cleanup],
      });
    }
    throw error;
  }
}

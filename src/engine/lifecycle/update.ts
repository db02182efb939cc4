import { isDeepStrictEqual } from 'node:util';
import type { HostConfig } from '../../api/engine/containers.ts';
import { checkLimits, swapOf } from '../../container/check/resources.ts';
import { containerSpec } from '../../container/default-spec.ts';
import { isLeaving, isRunning } from '../../container/life/state.ts';
import type { Container } from '../../container/model.ts';
import type { LimitSpec } from '../../container/resource-spec.ts';
import type { Runner } from '../../container/runner.ts';
import type { ContainerSpec, RestartSpec } from '../../container/spec.ts';
import type { ContainerStore } from '../../container/store.ts';
import { BargeError, conflict, messageOf } from '../../core/errors.ts';
import type { Cgroups } from '../../host/cgroups.ts';
import { type ContainerContext, type ContainerEvents, emitContainer } from './context.ts';
import { limitsOf } from './update-limits.ts';

interface ChangeContext {
  readonly containers: Pick<ContainerStore, 'find' | 'get' | 'setDefinition'>;
  readonly host: { readonly cgroups: Cgroups };
  readonly runner: Pick<Runner, 'cgroupOf' | 'roots'>;
}

/** What an update changes; what is absent stays as it is. */
export interface ContainerUpdate {
  readonly limits: Partial<LimitSpec>;
  readonly restart?: RestartSpec;
  /** Replaces what was given before, for the members that the update names. Undefined: the spec shows it. */
  readonly asGiven: { readonly [K in keyof HostConfig]: HostConfig[K] | undefined };
}

/**
 * Changes limits and the restart policy, also of a running container, either entirely or not at all.
 * @throws BargeError not-found; invalid-parameter or conflict for limits that contradict each other or those in force.
 */
export async function updateContainer(
  ctx: ChangeContext & ContainerEvents & Pick<ContainerContext, 'life'>,
  ref: string,
  update: ContainerUpdate,
): Promise<{ Warnings: string[] | null }> {
  const { id } = ctx.containers.find(ref).definition;
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

function change(ctx: ChangeContext, { definition, state }: Container, update: ContainerUpdate) {
  if (isLeaving(state)) {
    throw conflict('Container is marked for removal and cannot be "update".');
  }
  const { spec } = definition;
  const before = spec.limits;
  assertCompatible(spec, update);
  const features = ctx.host.cgroups.features(before.cgroupParent || ctx.runner.roots.cgroupParent);
  const { limits: after, warnings } = checkLimits(
    { ...before, ...withSwap(before, update.limits) },
    features,
  );
  const changed = containerSpec({
    ...spec,
    limits: after,
    restart: update.restart ?? spec.restart,
    asGiven: { ...spec.asGiven, host: defined({ ...spec.asGiven.host, ...update.asGiven }) },
  });
  const cgroup = ctx.runner.cgroupOf(definition);
  const isUp = isRunning(state);
  /* What the kernel cannot limit has been left out, with a warning. */
  const names = (Object.keys(update.limits) as (keyof LimitSpec)[]).filter((name) =>
    isDeepStrictEqual(after[name], update.limits[name]),
  );
  if (isUp) applyOrRestore(ctx.host.cgroups, cgroup, after, before, names);
  try {
    return { updated: ctx.containers.setDefinition(definition.id, { spec: changed }), warnings };
  } catch (error) {
    if (isUp) ctx.host.cgroups.applyLimits(cgroup, limitsOf(before, names, after));
    throw error;
  }
}

const defined = (host: ContainerUpdate['asGiven']): HostConfig =>
  Object.fromEntries(Object.entries(host).filter(([, value]) => value !== undefined));

function assertCompatible(
  { limits: before, autoRemove }: ContainerSpec,
  { restart, limits }: ContainerUpdate,
): void {
  if (autoRemove && restart && restart.kind !== 'no') {
    throw conflict('Restart policy cannot be updated because AutoRemove is enabled for the container');
  }
  if (limits.nanoCpus && (before.cpuPeriod || before.cpuQuota)) {
    const set = before.cpuPeriod ? 'Period' : 'Quota';
    throw conflict(`Conflicting options: Nano CPUs cannot be updated as CPU ${set} has already been set`);
  }
  for (const [name, value] of [
    ['Period', limits.cpuPeriod],
    ['Quota', limits.cpuQuota],
  ] as const) {
    if (value && before.nanoCpus) {
      throw conflict(`Conflicting options: CPU ${name} cannot be updated as NanoCPUs has already been set`);
    }
  }
  const swap = swapOf(before);
  if (limits.memory && !limits.memorySwap && swap > 0 && limits.memory > swap) {
    throw conflict(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  }
}

/** A new memory limit alone leaves the swap limit where it was. */
function withSwap(before: LimitSpec, limits: Partial<LimitSpec>): Partial<LimitSpec> {
  const swap = swapOf(before);
  return limits.memory && !limits.memorySwap && swap ? { ...limits, memorySwap: swap } : limits;
}

function applyOrRestore(
  cgroups: Pick<Cgroups, 'applyLimits' | 'pids'>,
  cgroup: string,
  after: LimitSpec,
  before: LimitSpec,
  names: readonly (keyof LimitSpec)[],
): void {
  try {
    cgroups.applyLimits(cgroup, limitsOf(after, names, before));
  } catch (error) {
    /* Its processes have ended, which the daemon has not heard of yet: there is nothing left to limit. */
    if (cgroups.pids(cgroup).length === 0) return;
    try {
      cgroups.applyLimits(cgroup, limitsOf(before, names, after));
    } catch (cleanup) {
      throw new BargeError(error instanceof BargeError ? error.kind : 'system', messageOf(error), {
        cause: error,
        cleanup: [cleanup],
      });
    }
    throw error;
  }
}

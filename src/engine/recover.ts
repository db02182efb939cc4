import type { ContainerDirectories } from '../container/directories.ts';
import { KILLED_EXIT_CODE } from '../container/life/ends.ts';
import type { LifeEvent } from '../container/life/event.ts';
import { isLeaving, isRunning } from '../container/life/state.ts';
import type { Container } from '../container/model.ts';
import { readExitRecord, type ShimLink } from '../container/shim.ts';
import type { ContainerStore } from '../container/store.ts';
import { messageOf } from '../core/errors.ts';
import type { Cgroups } from '../host/cgroups.ts';
import type { Sandbox } from '../network/sandbox/sandboxes.ts';
import type { VolumeStore } from '../volume/volumes.ts';
import type { ContainerContext, LiveContainers } from './lifecycle/context.ts';
import { watchExit } from './lifecycle/exit.ts';
import { type HealthContext, watchHealth } from './lifecycle/health.ts';
import { type SweepShmContext, sweepShm } from './lifecycle/host-extras.ts';
import { volumeNames } from './lifecycle/mounting.ts';
import { type AdoptSandboxContext, adoptSandbox } from './networking/endpoints.ts';
import { clear, endUnrecorded, type SweepContext, sweep } from './sweep.ts';
import type { MountedVolumes } from './volumes/mounted.ts';

type ReportContext = Pick<ContainerContext, 'life' | 'warn'>;

interface MountsContext {
  readonly containers: Pick<ContainerStore, 'get'>;
  readonly live: Pick<LiveContainers, 'links'>;
  readonly mounted: Pick<MountedVolumes, 'recover'>;
  readonly volumes: Pick<VolumeStore, 'find'>;
}

interface EndContext {
  readonly runner: { directories(id: string): Pick<ContainerDirectories, 'exec'> };
}

type AdoptContext = AdoptSandboxContext &
  HealthContext &
  ReportContext &
  Pick<ContainerContext, 'live' | 'logs'> & {
    readonly host: { readonly cgroups: Pick<Cgroups, 'isFrozen'> };
  };

export type RecoverContext = AdoptContext &
  EndContext &
  MountsContext &
  SweepContext &
  SweepShmContext & { readonly volumes: Pick<VolumeStore, 'recover'> };

/** The code that stands for one that is lost: nothing says how the process ended. */
const LOST_EXIT_CODE = 255;

/**
 * After a start of the daemon: takes over the containers that still run, records the ends of those that ended meanwhile,
 * removes what a killed daemon left half-made, and starts what restart policies want. Nothing starts before the sweep is over,
 * which would take it for a leftover.
 */
export async function recover(ctx: RecoverContext): Promise<void> {
  const left = new Set(await ctx.runner.known());
  const adopted: Sandbox[] = [];
  const ended: [id: string, event: LifeEvent][] = [];
  for (const container of ctx.containers.list()) {
    const { definition, state } = container;
    const { id } = definition;
    const link = await ctx.runner.reconnect(definition);
    if (link && isRunning(state)) {
      const sandbox = await adopt(ctx, container, link);
      if (sandbox) adopted.push(sandbox);
      continue;
    }
    /* A process that started when the daemon had no time left to record it: nobody was told that it runs. */
    if (link) await endUnrecorded(link);
    else await clear(ctx, definition);
    if (isRunning(state)) ended.push([id, await endOf(ctx, id, left.has(id))]);
    else if (isLeaving(state)) await report(ctx, id, { type: 'daemon-ready' });
  }
  await ctx.volumes.recover();
  await recoverMounts(ctx);
  await ctx.networks.ready(adopted);
  await sweep(ctx);
  await sweepShm(ctx);
  for (const [id, link] of ctx.live.links) watchExit(ctx, id, link);
  for (const [id, event] of ended) await report(ctx, id, event);
  for (const { definition, state } of ctx.containers.list()) {
    const { id } = definition;
    /* Starts wait for nobody here; those that have just ended have their back-off. */
    if (isRunning(state) || isLeaving(state) || ctx.life.hasScheduled(id)) continue;
    void report(ctx, id, { type: 'daemon-ready' });
  }
}

/** What cannot be done for one container must not keep the daemon from its start. */
async function report(ctx: ReportContext, id: string, event: LifeEvent): Promise<void> {
  try {
    await ctx.life.dispatch(id, event);
  } catch (error) {
    ctx.warn('recovering a container failed', { container: id, event: event.type, error: messageOf(error) });
  }
}

async function adopt(ctx: AdoptContext, container: Container, link: ShimLink): Promise<Sandbox | undefined> {
  const { definition } = container;
  const { id } = definition;
  ctx.live.links.set(id, link);
  await report(ctx, id, {
    type: 'recovered',
    frozen: ctx.host.cgroups.isFrozen(ctx.runner.cgroupOf(definition)),
  });
  ctx.logs.keep(ctx, definition, link.exit);
  watchHealth(ctx, id);
  return await adoptSandbox(ctx, container);
}

/** Containers that run go on using their volumes; what nobody uses is unmounted. */
async function recoverMounts(ctx: MountsContext): Promise<void> {
  const users = [...ctx.live.links.keys()].flatMap((id) => {
    const volumes = volumeNames(ctx.containers.get(id).definition.mounts).flatMap(
      (name) => ctx.volumes.find(name) ?? [],
    );
    return volumes.map((volume) => [volume, id] as const);
  });
  await ctx.mounted.recover(users);
}

/** @param wasLeft the shim was killed, and what it left has just been ended. */
async function endOf(ctx: EndContext, id: string, wasLeft: boolean): Promise<LifeEvent> {
  const end = await readExitRecord(ctx.runner.directories(id).exec);
  if (end) return { type: 'found-ended', end, message: '' };
  const message = wasLeft
    ? 'the shim died while the daemon was away, and the exit code with it: the container was killed'
    : 'the container ended while the daemon was away, and its exit code is lost';
  const code = wasLeft ? KILLED_EXIT_CODE : LOST_EXIT_CODE;
  return { type: 'found-ended', end: { code, at: Date.now(), oomKilled: false }, message };
}

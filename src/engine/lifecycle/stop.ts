import { setTimeout as sleep } from 'node:timers/promises';
import { assertKillable, assertNotRestarting, type Container, isRunning } from '../../container/model.ts';
import { conflict } from '../../core/errors.ts';
import { SIGKILL, signalNumber } from '../../core/signals.ts';
import { type ContainerContext, emitContainer } from './context.ts';
import { cancelRestart } from './restarts.ts';
import { launch } from './start.ts';

const DEFAULT_STOP_SECONDS = 10;

export interface StopOptions {
  readonly signal?: string;
  /** Seconds of grace; negative: for ever. */
  readonly timeout?: number;
}

/** @returns false when the container was not running. */
export async function stopContainer(
  ctx: ContainerContext,
  ref: string,
  options: StopOptions,
): Promise<boolean> {
  const { definition } = ctx.containers.find(ref);
  return await ctx.locks.run(definition.id, async () => {
    if (!ctx.containers.has(definition.id)) return false;
    if (cancelRestart(ctx, definition.id)) {
      emitContainer(ctx, ctx.containers.get(definition.id), 'stop');
      return true;
    }
    return await stopLocked(ctx, definition.id, options);
  });
}

async function stopLocked(ctx: ContainerContext, id: string, options: StopOptions): Promise<boolean> {
  const container = ctx.containers.get(id);
  if (!isRunning(container.state)) return false;
  const { stop } = container.definition.spec;
  const signal = signalNumber(options.signal || stop.signal);
  const asked = options.timeout ?? stop.timeout;
  const seconds = asked ?? DEFAULT_STOP_SECONDS;
  ctx.containers.setState(id, { stoppedByUser: true });
  const link = ctx.live.links.get(id);
  const exit = ctx.live.nextExit(id);
  if (container.state.status === 'paused') thaw(ctx, container);
  /* A grace period that somebody asked for is theirs: the container may end by itself meanwhile. */
  const deaf = asked === undefined && signal !== SIGKILL && (await staysDeafTo(ctx, container, signal));
  const sent = deaf ? SIGKILL : signal;
  link?.kill(sent);
  emitContainer(ctx, container, 'kill', {
    signal: `${sent}`,
    ...(deaf ? { reason: `pid 1 drops signal ${signal}` } : {}),
  });
  const grace = new AbortController();
  const timer =
    seconds < 0
      ? new Promise<never>(() => {})
      : sleep(seconds * 1000, 'late' as const, { signal: grace.signal });
  const first = await Promise.race([exit.then(() => 'exited' as const), timer]);
  if (first === 'late') {
    link?.kill(SIGKILL);
    emitContainer(ctx, container, 'kill', { signal: `${SIGKILL}` });
    await exit;
  } else {
    timer.catch(() => {});
    grace.abort();
  }
  emitContainer(ctx, container, 'stop');
  return true;
}

/** A process that has only just started may still be about to install its handlers. */
const SETTLING_MS = 250;
const LOOK_AGAIN_MS = 20;

/** Whether no process of a container can react to a signal: its first one is alone, and would never see it. */
async function staysDeafTo(
  ctx: ContainerContext,
  { definition, state }: Container,
  signal: number,
): Promise<boolean> {
  const cgroup = ctx.runner.cgroupOf(definition);
  for (;;) {
    if (
      !ctx.host.processTable.isDeafTo(state.pid, signal) ||
      ctx.host.cgroups.pids(cgroup).some((pid) => pid !== state.pid)
    )
      return false;
    if (Date.now() - state.startedAt >= SETTLING_MS) return true;
    await sleep(LOOK_AGAIN_MS);
  }
}

/**
 * Sends a signal; SIGKILL also waits for the end, so that what follows sees it. Restart policies take SIGKILL and the
 * container's stop signal as a user's request that it ends.
 */
export async function killContainer(ctx: ContainerContext, ref: string, signalName: string): Promise<void> {
  const signal = signalNumber(signalName || 'SIGKILL');
  const container = ctx.containers.find(ref);
  assertKillable(container, ref);
  const { id, spec } = container.definition;
  const ends = signal === SIGKILL || signal === signalNumber(spec.stop.signal);
  if (ends && container.state.status === 'restarting' && (await staysStopped(ctx, id))) return;
  const exit = signal === SIGKILL ? ctx.live.nextExit(id) : undefined;
  if (ends) {
    ctx.containers.setState(id, { stoppedByUser: true });
    if (container.state.status === 'paused') thaw(ctx, container);
  }
  ctx.live.links.get(id)?.kill(signal);
  emitContainer(ctx, container, 'kill', { signal: `${signal}` });
  await exit;
}

/** @returns false when the restart was quicker. */
async function staysStopped(ctx: ContainerContext, id: string): Promise<boolean> {
  return await ctx.locks.run(id, async () => !ctx.containers.has(id) || cancelRestart(ctx, id));
}

export async function restartContainer(
  ctx: ContainerContext,
  ref: string,
  options: StopOptions,
): Promise<void> {
  const { definition } = ctx.containers.find(ref);
  await ctx.locks.run(definition.id, async () => {
    cancelRestart(ctx, definition.id);
    await stopLocked(ctx, definition.id, options);
    if (!ctx.containers.has(definition.id))
      throw conflict('the container was removed when it stopped (--rm)');
    await launch(ctx, definition.id, { stoppedByUser: false, restartCount: 0 });
  });
  emitContainer(ctx, ctx.containers.get(definition.id), 'restart');
}

/** @returns false when the container's processes have ended, and the news is still on its way. */
function thaw(ctx: ContainerContext, { definition }: Container): boolean {
  return ctx.host.cgroups.freeze(ctx.runner.cgroupOf(definition), false);
}

export async function pauseContainer(ctx: ContainerContext, ref: string): Promise<void> {
  const container = ctx.containers.find(ref);
  const { id } = container.definition;
  if (container.state.status === 'paused') throw conflict(`Container ${id} is already paused`);
  assertNotRestarting(container);
  if (container.state.status !== 'running') throw conflict(`Container ${id} is not running`);
  /* Its processes may have ended, and the news be on its way. */
  if (!ctx.host.cgroups.freeze(ctx.runner.cgroupOf(container.definition), true))
    throw conflict(`Container ${id} is not running`);
  emitContainer(ctx, ctx.containers.setState(id, { status: 'paused' }), 'pause');
}

export async function unpauseContainer(ctx: ContainerContext, ref: string): Promise<void> {
  const container = ctx.containers.find(ref);
  const { id } = container.definition;
  if (container.state.status !== 'paused') throw conflict(`Container ${id} is not paused`);
  if (!thaw(ctx, container)) throw conflict(`Container ${id} is not running`);
  emitContainer(ctx, ctx.containers.setState(id, { status: 'running' }), 'unpause');
}

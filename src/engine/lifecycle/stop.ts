import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning } from '../../container/life/state.ts';
import type { Container } from '../../container/model.ts';
import { SIGKILL, signalNumber } from '../../core/signals.ts';
import type { ContainerContext } from './context.ts';
import { type FollowContext, follow } from './follow.ts';

const DEFAULT_STOP_SECONDS = 10;

export interface StopOptions {
  readonly signal?: string;
  /** Seconds of grace; negative: for ever. */
  readonly timeout?: number;
}

export type EndContext = FollowContext & Pick<ContainerContext, 'runner' | 'host'>;

/** @returns false when the container was not running. */
export async function stopContainer(ctx: EndContext, ref: string, options: StopOptions): Promise<boolean> {
  return await endRun(ctx, ctx.containers.find(ref).definition.id, 'stop', options);
}

/**
 * Asks a container's run to end, and kills it when its grace period is over. Other events of the container, such as a
 * removal, are applied meanwhile. @returns false when it was not running.
 */
export async function endRun(
  ctx: EndContext,
  id: string,
  type: 'stop' | 'restart',
  options: StopOptions,
): Promise<boolean> {
  const container = ctx.containers.get(id);
  const { stop } = container.definition.spec;
  const wanted = signalNumber(options.signal || stop.signal || 'SIGTERM');
  const asked = options.timeout ?? stop.timeout;
  const seconds = asked ?? DEFAULT_STOP_SECONDS;
  /* A grace period that somebody asked for is theirs: the container may end by itself meanwhile. */
  const deaf = asked === undefined && wanted !== SIGKILL && (await staysDeafTo(ctx, container, wanted));
  const signals = deaf ? { signal: SIGKILL, deaf: wanted } : { signal: wanted };
  const { applied, before, end } = await follow(ctx, id, { type, ...signals });
  if (applied !== 'done') return false;
  if (await endsWithin(seconds, end)) return true;
  if (before && isRunning(before.state)) {
    await ctx.life.dispatch(id, { type: 'grace-over', startedAt: before.state.startedAt });
  }
  await end;
  return true;
}

async function endsWithin(seconds: number, exit: Promise<unknown>): Promise<boolean> {
  if (seconds < 0) return await exit.then(() => true);
  const grace = new AbortController();
  const late = sleep(seconds * 1000, false, { signal: grace.signal });
  late.catch(() => {});
  try {
    return await Promise.race([exit.then(() => true), late]);
  } finally {
    grace.abort();
  }
}

/** A process that has only just started may still be about to install its handlers. */
const SETTLING_MS = 250;
const LOOK_AGAIN_MS = 20;

/** Whether no process of a container can react to a signal: its first one is alone, and would never see it. */
async function staysDeafTo(
  { host, runner }: EndContext,
  { definition, state }: Container,
  signal: number,
): Promise<boolean> {
  if (!isRunning(state)) return false;
  const cgroup = runner.cgroupOf(definition);
  for (;;) {
    if (!host.processTable.isDeafTo(state.pid, signal)) return false;
    if (host.cgroups.pids(cgroup).some((pid) => pid !== state.pid)) return false;
    if (Date.now() - state.startedAt >= SETTLING_MS) return true;
    await sleep(LOOK_AGAIN_MS);
  }
}

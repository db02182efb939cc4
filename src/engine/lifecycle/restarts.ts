import type { Container } from '../../container/model.ts';
import type { ShimExit } from '../../container/shim.ts';
import { messageOf } from '../../core/errors.ts';
import type { ContainerContext } from './context.ts';

const FIRST_BACK_OFF_MS = 100;
const MAX_BACK_OFF_MS = 60_000;
/** A container that ran this long has proved itself: back-off begins anew. */
const PROVEN_MS = 10_000;

/** Starts a container again whose lock is held. */
export type Relaunch = (
  id: string,
  change: { readonly stoppedByUser: boolean; readonly restartCount: number },
) => Promise<void>;

export function scheduleRestart(
  ctx: ContainerContext,
  { definition, state }: Container,
  exit: ShimExit,
  relaunch: Relaunch,
): void {
  const { id } = definition;
  const proven = exit.at - state.startedAt >= PROVEN_MS;
  const count = proven ? 0 : state.restartCount;
  const delay = Math.min(FIRST_BACK_OFF_MS * 2 ** count, MAX_BACK_OFF_MS);
  const timer = setTimeout(() => {
    ctx.live.restarts.delete(id);
    void restart(ctx, id, count + 1, relaunch);
  }, delay);
  timer.unref();
  ctx.live.restarts.set(id, timer);
}

async function restart(
  ctx: ContainerContext,
  id: string,
  restartCount: number,
  relaunch: Relaunch,
): Promise<void> {
  try {
    await ctx.locks.run(id, async () => {
      if (!ctx.containers.has(id) || ctx.containers.get(id).state.status !== 'restarting') return;
      await relaunch(id, { stoppedByUser: false, restartCount });
    });
  } catch (error) {
    ctx.warn('restarting a container failed', { container: id, error: messageOf(error) });
    if (ctx.containers.has(id)) staysExited(ctx, id, {});
  }
}

/**
 * Ends a wait for a restart, since the user wants the container to stay as it is.
 * @returns false when there was none.
 */
export function cancelRestart(ctx: ContainerContext, id: string): boolean {
  const timer = ctx.live.restarts.get(id);
  if (timer) clearTimeout(timer);
  ctx.live.restarts.delete(id);
  if (ctx.containers.get(id).state.status !== 'restarting') return false;
  staysExited(ctx, id, { stoppedByUser: true });
  return true;
}

/** No start follows the last exit any more: whoever waits for the end has it now. */
function staysExited(ctx: ContainerContext, id: string, change: { readonly stoppedByUser?: boolean }): void {
  const { state } = ctx.containers.setState(id, { ...change, status: 'exited' });
  ctx.live.announceExit(id, { code: state.exitCode, at: state.finishedAt, oomKilled: state.oomKilled });
}

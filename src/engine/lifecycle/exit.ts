import { type Container, type ContainerRunState, isRunning } from '../../container/model.ts';
import type { ShimExit, ShimLink } from '../../container/shim.ts';
import { messageOf } from '../../core/errors.ts';
import { disconnectEnded } from '../networking/endpoints.ts';
import { type ContainerContext, emitContainer } from './context.ts';
import { endedHealth } from './health.ts';
import { releaseShm } from './host-extras.ts';
import { releaseMounts } from './mounting.ts';
import { removeLocked } from './remove.ts';
import { type Relaunch, scheduleRestart } from './restarts.ts';

/** The code that stands for one that is lost with its shim. */
const LOST_EXIT_CODE = 255;

/** Follows a started process to its end, whatever that is. */
export function watchExit(ctx: ContainerContext, id: string, link: ShimLink, relaunch: Relaunch): void {
  link.exit.then(
    (exit) => handleExit(ctx, id, exit, '', relaunch),
    (error) =>
      handleExit(
        ctx,
        id,
        { code: LOST_EXIT_CODE, at: Date.now(), oomKilled: false },
        messageOf(error),
        relaunch,
      ),
  );
}

/** Writes an exit down, gives back what the container held, and does what its policies say. */
export async function handleExit(
  ctx: ContainerContext,
  id: string,
  exit: ShimExit,
  error: string,
  relaunch: Relaunch,
): Promise<void> {
  if (!ctx.containers.has(id)) return;
  const before = ctx.containers.get(id);
  if (!isRunning(before.state)) return;
  const { attachment, ...rest } = before.state;
  void releaseShm(ctx, before.definition).catch((failure) =>
    ctx.warn('unmounting a shared /dev/shm failed', { container: id, error: messageOf(failure) }),
  );
  const restart = shouldRestart(before, exit.code);
  const state: ContainerRunState = {
    ...rest,
    ...endedHealth(rest.health),
    status: restart ? 'restarting' : 'exited',
    pid: 0,
    exitCode: exit.code,
    error,
    oomKilled: exit.oomKilled,
    finishedAt: exit.at,
  };
  const exited = writeDown(ctx, id, state);
  const ran = Math.max(0, Math.round((exit.at - before.state.startedAt) / 1000));
  if (exit.oomKilled) emitContainer(ctx, exited, 'oom');
  emitContainer(ctx, exited, 'die', { exitCode: `${exit.code}`, execDuration: `${ran}` });
  disconnectEnded(ctx, before);
  await releaseMounts(ctx, before.definition).catch((failure) =>
    ctx.warn('unmounting volumes failed', { container: id, error: messageOf(failure) }),
  );
  const link = ctx.live.links.get(id);
  void link?.gone.then(() => {
    if (ctx.live.links.get(id) === link) ctx.live.links.delete(id);
  });
  const { autoRemove } = exited.definition.spec;
  if (autoRemove) {
    ctx.live.announceExit(id, exit);
    await ctx.locks
      .run(id, () => removeUnlessRestarted(ctx, id))
      .catch((failure) =>
        ctx.warn('removing a finished container failed', { container: id, error: messageOf(failure) }),
      );
    return;
  }
  if (restart) scheduleRestart(ctx, exited, exit, relaunch);
  ctx.live.announceExit(id, exit);
}

/** A restart that a user asked for keeps a container that would have gone with its exit. */
async function removeUnlessRestarted(ctx: ContainerContext, id: string): Promise<void> {
  if (ctx.containers.has(id) && isRunning(ctx.containers.get(id).state)) return;
  await removeLocked(ctx, id, { volumes: true });
}

/** The process has ended, even when a full disk does not take the news. */
function writeDown(ctx: ContainerContext, id: string, state: ContainerRunState): Container {
  try {
    return ctx.containers.replaceState(id, state);
  } catch (failure) {
    ctx.warn('an exit could not be written down', { container: id, error: messageOf(failure) });
    return ctx.containers.noteState(id, state);
  }
}

function shouldRestart({ definition, state }: Container, code: number): boolean {
  const { restart } = definition.spec;
  if (state.stoppedByUser) return false;
  if (restart.kind !== 'on-failure') return restart.kind !== 'no';
  const { maxRetries } = restart;
  return code !== 0 && (maxRetries === 0 || state.restartCount < maxRetries);
}

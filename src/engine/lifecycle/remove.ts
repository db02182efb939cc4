import { rm } from 'node:fs/promises';
import { assertRemovable, type ContainerDefinition, isRunning } from '../../container/model.ts';
import { messageOf } from '../../core/errors.ts';
import { SIGKILL } from '../../core/signals.ts';
import { containersOf } from '../volumes/users.ts';
import { type ContainerContext, emitContainer } from './context.ts';
import { cancelRestart } from './restarts.ts';

export interface RemoveOptions {
  /** Kill the container if it runs. */
  readonly force?: boolean;
  /** Remove its anonymous volumes too. */
  readonly volumes?: boolean;
}

/** Milliseconds for which a removed container's log stays when its driver's target does not take it. */
const LOG_PATIENCE_MS = 5000;

export async function removeContainer(
  ctx: ContainerContext,
  ref: string,
  options: RemoveOptions,
): Promise<void> {
  const { definition } = ctx.containers.find(ref);
  const { id } = definition;
  assertRemovable(ctx.containers.get(id), options.force ?? false);
  /* Before the lock: whoever has it may be waiting for the container to stop. */
  const killed = isRunning(ctx.containers.get(id).state);
  if (killed) killNow(ctx, id, { tell: true });
  await ctx.locks.run(id, async () => {
    if (!ctx.containers.has(id)) return;
    assertRemovable(ctx.containers.get(id), options.force ?? false);
    cancelRestart(ctx, id);
    if (isRunning(ctx.containers.get(id).state)) await killForRemoval(ctx, id, { tell: !killed });
    if (ctx.containers.has(id)) await removeLocked(ctx, id, options);
  });
}

async function killForRemoval(ctx: ContainerContext, id: string, how: { readonly tell: boolean }) {
  const exit = ctx.live.nextExit(id);
  killNow(ctx, id, how);
  await exit;
}

function killNow(ctx: ContainerContext, id: string, { tell }: { readonly tell: boolean }): void {
  const container = ctx.containers.setState(id, { stoppedByUser: true });
  const { definition, state } = container;
  /* On v1 a frozen process does not even die. */
  if (state.status === 'paused') ctx.host.cgroups.freeze(ctx.runner.cgroupOf(definition), false);
  ctx.live.links.get(id)?.kill(SIGKILL);
  if (tell) emitContainer(ctx, container, 'kill', { signal: `${SIGKILL}` });
}

/** Removes a container that does not run and whose lock the caller holds (or whose exit it handles). */
export async function removeLocked(ctx: ContainerContext, id: string, options: RemoveOptions): Promise<void> {
  if (!ctx.containers.has(id)) return;
  const { definition } = ctx.containers.get(id);
  const removesVolumes = options.volumes ?? false;
  const container = ctx.containers.setState(id, { status: 'removing', removesVolumes });
  if (removesVolumes) await removeAnonymous(ctx, definition);
  /* The row goes first: what a crash leaves behind is a directory that the next start removes. */
  ctx.containers.remove(id);
  emitContainer(ctx, container, 'destroy');
  const directories = ctx.runner.directories(id);
  /* The shim may still be using its directory; nobody needs to wait for that. */
  const exec = Promise.resolve(ctx.live.links.get(id)?.gone)
    .then(() => rm(directories.exec, { recursive: true, force: true }))
    .catch((error) =>
      ctx.warn('removing a run-time directory failed', { container: id, error: messageOf(error) }),
    );
  const data = ctx.logs
    .drained(id, LOG_PATIENCE_MS)
    .then(() => ctx.host.files.removeTree(directories.data))
    .catch((error) =>
      ctx.warn('removing a container’s directory failed', { container: id, error: messageOf(error) }),
    );
  ctx.live.removing(exec);
  ctx.live.removing(data);
  ctx.live.announceRemoval(id);
}

/** While the container is still written down, as `removing`: a restart after a crash goes on here. */
async function removeAnonymous(ctx: ContainerContext, { id, mounts }: ContainerDefinition): Promise<void> {
  for (const { anonymous, Name: name } of mounts) {
    if (!anonymous || !name || !ctx.volumes.find(name) || ctx.mounted.usersOf(name).length > 0) continue;
    if (containersOf(ctx, name).some(({ definition }) => definition.id !== id)) continue;
    try {
      await ctx.volumes.remove(name, []);
      ctx.events.emit('volume', 'destroy', name, { driver: 'local' });
    } catch (error) {
      ctx.warn('removing an anonymous volume failed', { volume: name, error: messageOf(error) });
    }
  }
}

import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerDirectories, Roots } from '../../container/directories.ts';
import { removeRefusal } from '../../container/life/refusals.ts';
import { isRunning } from '../../container/life/state.ts';
import type { Container } from '../../container/model.ts';
import type { Runner } from '../../container/runner.ts';
import type { ContainerStore } from '../../container/store.ts';
import { messageOf } from '../../core/errors.ts';
import type { Files } from '../../host/files.ts';
import type { VolumeStore } from '../../volume/volumes.ts';
import type { EventBus } from '../events.ts';
import type { MountedVolumes } from '../volumes/mounted.ts';
import { containersOf } from '../volumes/users.ts';
import type { ContainerContext, LiveContainers } from './context.ts';
import { type FollowContext, follow } from './follow.ts';
import type { LogKeepers } from './log-keepers.ts';
import { isFull } from './storage.ts';

interface RemoveOptions {
  /** Kill the container if it runs. */
  readonly force?: boolean;
  /** Remove its anonymous volumes too. */
  readonly volumes?: boolean;
}

/** Milliseconds for which a removed container's log stays when its driver's target does not take it. */
const LOG_PATIENCE_MS = 5000;

/** @throws BargeError conflict for a running container without `force`, and for one that is being removed. */
export async function removeContainer(
  ctx: FollowContext,
  ref: string,
  { force = false, volumes = false }: RemoveOptions,
): Promise<void> {
  const { definition, state } = ctx.containers.find(ref);
  const { id } = definition;
  const refusal = removeRefusal(state, definition, force);
  if (refusal) throw refusal;
  /* A running one is killed by the first event, and removed by one after its end. */
  for (;;) {
    const { before, end } = await follow(ctx, id, { type: 'remove', force, volumes });
    if (!before || !isRunning(before.state)) return;
    await end;
  }
}

interface AnonymousContext extends Pick<ContainerContext, 'warn'> {
  readonly containers: Pick<ContainerStore, 'list'>;
  readonly events: Pick<EventBus, 'emit'>;
  readonly mounted: Pick<MountedVolumes, 'usersOf'>;
  readonly volumes: Pick<VolumeStore, 'find' | 'remove'>;
}

interface ClearContext {
  readonly live: { readonly links: { has(id: string): boolean } };
  readonly runner: Pick<Runner, 'clear'>;
}

interface RoomContext {
  readonly host: { readonly files: Pick<Files, 'removeTree'> };
  readonly runner: {
    readonly roots: Pick<Roots, 'dataRoot'>;
    directories(id: string): Pick<ContainerDirectories, 'data'>;
  };
}

interface CleanUpContext extends Pick<ContainerContext, 'warn'> {
  readonly host: { readonly files: Pick<Files, 'removeTree'> };
  readonly live: Pick<LiveContainers, 'announceRemoval' | 'links' | 'removing'>;
  readonly logs: Pick<LogKeepers, 'drained'>;
  readonly runner: { directories(id: string): Pick<ContainerDirectories, 'data' | 'exec'> };
}

/** What everything that a removal does needs. */
export type EraseContext = AnonymousContext & ClearContext & RoomContext & CleanUpContext;

/** What is to happen while the container is still recorded as `removing`: a daemon that starts goes on here. */
export async function eraseContainer(
  ctx: AnonymousContext & ClearContext,
  { definition }: Container,
  volumes: boolean,
): Promise<void> {
  /* A process that no shim answers for: nothing else would ever find it. */
  if (!ctx.live.links.has(definition.id)) await ctx.runner.clear(definition);
  if (volumes) await removeAnonymous(ctx, definition);
}

/** Milliseconds for which the kernel may take to return the room of removed files. */
const ROOM_PATIENCE_MS = 2000;
const LOOK_AGAIN_MS = 10;

/**
 * Removes the files that a container wrote, which nobody needs when it is removed. Their room is free only when the last
 * mount of them has gone, with the shim.
 */
export async function makeRoom({ host, runner }: RoomContext, { definition }: Container): Promise<void> {
  await host.files.removeTree(runner.directories(definition.id).data);
  const deadline = performance.now() + ROOM_PATIENCE_MS;
  while (isFull(runner.roots.dataRoot) && performance.now() < deadline) await sleep(LOOK_AGAIN_MS);
}

/** A crash leaves directories of a container that is not recorded any more: the next daemon removes them. */
export function cleanUp(ctx: CleanUpContext, { definition: { id } }: Container): void {
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

async function removeAnonymous(
  ctx: AnonymousContext,
  { id, mounts }: Container['definition'],
): Promise<void> {
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

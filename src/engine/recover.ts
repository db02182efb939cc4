import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Container, isRunning } from '../container/model.ts';
import type { Runner } from '../container/runner.ts';
import { readExitRecord, ShimLink } from '../container/shim.ts';
import { messageOf } from '../core/errors.ts';
import { SIGKILL } from '../core/signals.ts';
import type { Files } from '../host/files.ts';
import type { Sandbox } from '../network/sandbox/sandboxes.ts';
import type { ContainerContext } from './lifecycle/context.ts';
import { handleExit, watchExit } from './lifecycle/exit.ts';
import { watchHealth } from './lifecycle/health.ts';
import { sweepShm } from './lifecycle/host-extras.ts';
import { volumeNames } from './lifecycle/mounting.ts';
import { removeLocked } from './lifecycle/remove.ts';
import { launch } from './lifecycle/start.ts';
import { adoptSandbox } from './networking/endpoints.ts';

/**
 * After a start of the daemon: takes over the containers that still run, writes down the exits of those that
 * ended meanwhile, removes what a killed daemon left half-made, and starts what restart policies want.
 */
export async function recover(ctx: ContainerContext): Promise<void> {
  const adopted: Sandbox[] = [];
  const ended: { container: Container; error: string }[] = [];
  for (const container of ctx.containers.list()) {
    const link = await ctx.runner.reconnect(container.definition);
    if (!link) await clear(ctx, container.definition);
    if (link && isRunning(container.state)) {
      adopt(ctx, container, link);
      const sandbox = await adoptSandbox(ctx, container);
      if (sandbox) adopted.push(sandbox);
    } else if (link) {
      await endUnrecorded(link);
    } else if (container.state.status === 'removing') {
      const volumes = container.state.removesVolumes ?? false;
      await removeLocked(ctx, container.definition.id, { volumes });
    } else if (isRunning(container.state)) {
      ended.push({
        container,
        error: 'the container ended while the daemon was away, and its exit code is lost',
      });
    }
  }
  await ctx.volumes.recover();
  await recoverMounts(ctx);
  await ctx.networks.ready(adopted);
  for (const { container, error } of ended) await recordEnd(ctx, container, error);
  await sweep(ctx);
  await sweepShm(ctx);
  for (const container of ctx.containers.list()) restartAsPolicySays(ctx, container);
}

function relaunchWith(ctx: ContainerContext): Parameters<typeof watchExit>[3] {
  return (id, change) => launch(ctx, id, change);
}

function adopt(ctx: ContainerContext, { definition }: Container, link: ShimLink): void {
  ctx.live.links.set(definition.id, link);
  ctx.logs.keep(ctx, definition, link.exit);
  watchHealth(ctx, definition.id);
  watchExit(ctx, definition.id, link, relaunchWith(ctx));
}

/** Containers that run go on using their volumes; what nobody uses is unmounted. */
async function recoverMounts(ctx: ContainerContext): Promise<void> {
  const users = [...ctx.live.links.keys()].flatMap((id) => {
    const volumes = volumeNames(ctx.containers.get(id).definition.mounts).flatMap(
      (name) => ctx.volumes.find(name) ?? [],
    );
    return volumes.map((volume) => [volume, id] as const);
  });
  await ctx.mounted.recover(users);
}

/** A process that started when the daemon had no time left to note it: nobody was told that it runs. */
async function endUnrecorded(link: ShimLink): Promise<void> {
  link.kill(SIGKILL);
  await link.gone;
}

async function recordEnd(
  ctx: ContainerContext,
  { definition, state }: Container,
  error: string,
): Promise<void> {
  const record = await readExitRecord(ctx.runner.directories(definition.id).exec);
  /* The sandbox is gone with the sweep already. */
  const { attachment, ...rest } = state;
  ctx.containers.replaceState(definition.id, rest);
  const lost = { code: 255, at: Date.now(), oomKilled: false };
  await handleExit(ctx, definition.id, record ?? lost, record ? '' : error, relaunchWith(ctx));
}

/** Directories and cgroups that belong to no container. */
async function sweep(ctx: ContainerContext): Promise<void> {
  const { roots } = ctx.runner;
  const ids = ctx.containers.list().map(({ definition }) => definition.id);
  const running = new Set(ctx.live.links.keys());
  await removeOthers(ctx.host.files, join(roots.dataRoot, 'containers'), new Set(ids));
  const directories = [...running].map((id) =>
    ctx.runner.directories(id).exec.slice(roots.execRoot.length + 1),
  );
  for (const name of await readdir(roots.execRoot)) {
    if (!/^([0-9a-f]{20}|step-.*)$/.test(name) || directories.includes(name)) continue;
    const link = await ShimLink.reconnect(join(roots.execRoot, name));
    if (link) await endUnrecorded(link);
    await rm(join(roots.execRoot, name), { recursive: true, force: true });
  }
  for (const id of await ctx.runner.known()) if (!running.has(id)) await clear(ctx, { id });
  for (const name of ctx.host.cgroups.children(roots.cgroupParent)) {
    if (!running.has(name)) ctx.host.cgroups.remove(join(roots.cgroupParent, name));
  }
}

/** What does not end of a container whose shim was killed must not keep the daemon from its start. */
async function clear(ctx: ContainerContext, definition: Parameters<Runner['clear']>[0]): Promise<void> {
  await ctx.runner.clear(definition).catch((error) =>
    ctx.warn('ending what a shim left behind failed', {
      container: definition.id,
      error: messageOf(error),
    }),
  );
}

async function removeOthers(
  files: Pick<Files, 'removeTree'>,
  directory: string,
  known: ReadonlySet<string>,
): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!known.has(name)) await files.removeTree(join(directory, name));
  }
}

/** `always` also starts what had ended; `unless-stopped` and `on-failure` look at how it ended. */
function restartAsPolicySays(ctx: ContainerContext, { definition, state }: Container): void {
  const policy = definition.spec.restart.kind;
  const waits = state.status === 'restarting';
  const wanted =
    waits ||
    (state.status === 'exited' &&
      (policy === 'always' || (policy === 'unless-stopped' && !state.stoppedByUser)));
  if (!wanted || ctx.live.restarts.has(definition.id)) return;
  void ctx.locks
    .run(definition.id, () =>
      launch(ctx, definition.id, { stoppedByUser: false, restartCount: state.restartCount }),
    )
    .catch((error) =>
      ctx.warn('restarting a container failed', { container: definition.id, error: messageOf(error) }),
    );
}

import { rm } from 'node:fs/promises';
import { StartFailure } from '../../container/failure.ts';
import type { LogSink } from '../../container/log/sink.ts';
import { type Attachment, canStart } from '../../container/model.ts';
import { attachmentOf, connect, disconnect, networkNamespace } from '../networking/endpoints.ts';
import { etcFiles } from '../networking/etc-files.ts';
import { refreshLinks, withLinkVariables } from '../networking/legacy-links.ts';
import { type ContainerContext, emitContainer } from './context.ts';
import { watchExit } from './exit.ts';
import { startingHealth, watchHealth } from './health.ts';
import { hostExtras, releaseShm } from './host-extras.ts';
import { releaseMounts, stageMounts } from './mounting.ts';
import { sharedNamespaces } from './namespaces.ts';
import { removeLocked } from './remove.ts';

/** @returns false when the container was running already (an API answer of its own, not an error). */
export async function startContainer(ctx: ContainerContext, ref: string): Promise<boolean> {
  const { definition } = ctx.containers.find(ref);
  return await ctx.locks.run(definition.id, async () => {
    if (!canStart(ctx.containers.get(definition.id))) return false;
    await launch(ctx, definition.id, { stoppedByUser: false, restartCount: 0 });
    return true;
  });
}

/** Starts a container whose lock the caller holds. */
export async function launch(
  ctx: ContainerContext,
  id: string,
  change: { readonly stoppedByUser: boolean; readonly restartCount: number },
): Promise<void> {
  ctx.host.cgroups.warmLock();
  const container = ctx.containers.get(id);
  const readers = ctx.live.takeWaitingReaders(id);
  /* The last run's shim may still be cleaning up under the same names. */
  await ctx.live.links.get(id)?.gone;
  let attachment: Attachment | undefined;
  let sink: LogSink | undefined;
  try {
    attachment = await connect(ctx, container);
    sink = await ctx.logs.open(container.definition);
    const { definition, ...staged } = await stageMounts(ctx, container);
    const started = await ctx.runner.start({
      definition: withLinkVariables(ctx, definition),
      ...staged,
      rootfs: ctx.layers.rootfs(container.definition.layers),
      ...networkNamespace(ctx, container, attachment),
      etc: etcFiles(ctx, container, attachment),
      sharedNamespaces: sharedNamespaces(ctx, container),
      attach: readers.map(({ request }) => request),
      ...(await hostExtras(ctx, container)),
    });
    const health = startingHealth(container);
    const running = ctx.containers.setState(id, {
      ...change,
      ...(health ? { health } : {}),
      status: 'running',
      pid: started.pid,
      exitCode: 0,
      error: '',
      oomKilled: false,
      startedAt: Date.now(),
      finishedAt: container.state.finishedAt,
      ...attachmentOf(attachment),
    });
    ctx.live.links.set(id, started.link);
    readers.forEach((reader, i) => {
      const stream = started.attached[i];
      if (stream) reader.settle(stream);
    });
    emitContainer(ctx, running, 'start');
    for (const warning of started.warnings) ctx.warn(warning, { container: id });
    ctx.logs.keep(ctx, container.definition, started.link.exit, sink);
    watchHealth(ctx, id);
    watchExit(ctx, id, started.link, (again, how) => launch(ctx, again, how));
    await refreshLinks(ctx, running);
  } catch (error) {
    await sink?.[Symbol.asyncDispose]();
    await undo(ctx, id, attachment, error);
    for (const reader of readers) reader.settle(error as Error);
    throw error;
  }
}

async function undo(ctx: ContainerContext, id: string, attachment: Attachment | undefined, error: unknown) {
  if (attachment) await disconnect(ctx, ctx.containers.get(id), attachment);
  await releaseShm(ctx, ctx.containers.get(id).definition);
  await releaseMounts(ctx, ctx.containers.get(id).definition);
  await rm(ctx.runner.directories(id).exec, { recursive: true, force: true });
  const exitCode = error instanceof StartFailure ? error.exitCode : 128;
  const message = error instanceof Error ? error.message : String(error);
  const failed = ctx.containers.setState(id, { exitCode, error: message });
  if (failed.definition.spec.autoRemove) {
    await removeLocked(ctx, id, { volumes: true });
  }
}

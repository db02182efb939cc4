import { rm } from 'node:fs/promises';
import type { Attachment } from '../../container/life/attachment.ts';
import type { LogSink } from '../../container/log/sink.ts';
import type { Container } from '../../container/model.ts';
import type { StartedProcess } from '../../container/runner.ts';
import { messageOf } from '../../core/errors.ts';
import { SIGKILL } from '../../core/signals.ts';
import { connect, disconnect, networkNamespace } from '../networking/endpoints.ts';
import type { EtcChangeContext } from '../networking/etc-change.ts';
import { etcFiles } from '../networking/etc-files.ts';
import { refreshLinks, withLinkVariables } from '../networking/legacy-links.ts';
import type { ContainerContext, WaitingReader } from './context.ts';
import { watchExit } from './exit.ts';
import { type HealthContext, hasProbe, watchHealth } from './health.ts';
import { hostExtras, releaseShm } from './host-extras.ts';
import type { BegunRun } from './launch.ts';
import { type ReleaseContext, releaseMounts, stageMounts } from './mounting.ts';
import { sharedNamespaces } from './namespaces.ts';

type AcquireContext = Pick<
  ContainerContext,
  | 'containers'
  | 'events'
  | 'host'
  | 'layers'
  | 'logs'
  | 'mounted'
  | 'networks'
  | 'runner'
  | 'settings'
  | 'volumes'
>;
type ReturnContext = ReleaseContext & Pick<ContainerContext, 'events' | 'host' | 'networks' | 'runner'>;
type ServeContext = HealthContext & Pick<ContainerContext, 'live' | 'logs' | 'warn'> & EtcChangeContext;
export type BeginContext = AcquireContext & ServeContext;

/** What a start has acquired so far. */
interface Acquired {
  attachment?: Attachment | undefined;
  sink?: LogSink | undefined;
}

/** Starts a container's process with all that it needs. @throws BargeError after everything has been returned. */
export async function beginRun(
  ctx: BeginContext,
  container: Container,
  readers: readonly WaitingReader[],
): Promise<BegunRun> {
  ctx.host.cgroups.warmLock();
  const { id } = container.definition;
  /* The last run's shim may still be cleaning up under the same names. */
  await ctx.live.links.get(id)?.gone;
  const acquired: Acquired = {};
  let process: StartedProcess;
  try {
    process = await acquire(ctx, container, readers, acquired);
  } catch (error) {
    await giveBack(ctx, container, acquired).catch((failure) =>
      ctx.warn('undoing a failed start failed', { container: id, error: messageOf(failure) }),
    );
    throw error;
  }
  return {
    pid: process.pid,
    ...(acquired.attachment ? { attachment: acquired.attachment } : {}),
    hasProbe: hasProbe(container),
    end: () => endUnrecorded(ctx, container, acquired, process),
    serve: () => serve(ctx, container, readers, process, acquired.sink),
  };
}

async function acquire(
  ctx: AcquireContext,
  container: Container,
  readers: readonly WaitingReader[],
  acquired: Acquired,
): Promise<StartedProcess> {
  acquired.attachment = await connect(ctx, container);
  acquired.sink = await ctx.logs.open(container.definition);
  const { definition, ...staged } = await stageMounts(ctx, container);
  return await ctx.runner.start({
    definition: withLinkVariables(ctx, definition),
    ...staged,
    rootfs: ctx.layers.rootfs(container.definition.layers),
    ...networkNamespace(ctx, container, acquired.attachment),
    etc: etcFiles(ctx, container, acquired.attachment),
    sharedNamespaces: sharedNamespaces(ctx, container),
    attach: readers.map(({ request }) => request),
    ...(await hostExtras(ctx, container)),
  });
}

/** The process first: what it uses is returned when it has ended. */
async function endUnrecorded(
  ctx: ReturnContext,
  container: Container,
  acquired: Acquired,
  { link, attached }: StartedProcess,
): Promise<void> {
  for (const stream of attached) stream.destroy();
  link.kill(SIGKILL);
  await link.gone;
  await giveBack(ctx, container, acquired);
}

async function giveBack(
  ctx: ReturnContext,
  container: Container,
  { attachment, sink }: Acquired,
): Promise<void> {
  const { definition } = container;
  const done = await Promise.allSettled([
    sink?.[Symbol.asyncDispose](),
    attachment && disconnect(ctx, container, attachment),
    releaseShm(ctx, definition),
    releaseMounts(ctx, definition),
    rm(ctx.runner.directories(definition.id).exec, { recursive: true, force: true }),
  ]);
  for (const one of done) if (one.status === 'rejected') throw one.reason;
}

async function serve(
  ctx: ServeContext,
  container: Container,
  readers: readonly WaitingReader[],
  { link, attached, warnings }: StartedProcess,
  sink: LogSink | undefined,
): Promise<void> {
  const { id } = container.definition;
  ctx.live.links.set(id, link);
  readers.forEach((reader, i) => {
    const stream = attached[i];
    if (stream) reader.settle(stream);
  });
  for (const warning of warnings) ctx.warn(warning, { container: id });
  ctx.logs.keep(ctx, container.definition, link.exit, sink);
  watchHealth(ctx, id);
  watchExit(ctx, id, link);
  await refreshLinks(ctx, ctx.containers.get(id)).catch((error) =>
    ctx.warn('telling linked containers of a new address failed', { container: id, error: messageOf(error) }),
  );
}

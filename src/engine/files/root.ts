import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning } from '../../container/life/state.ts';
import type { Container, ContainerDefinition } from '../../container/model.ts';
import type { Runner } from '../../container/runner.ts';
import type { ContainerStore } from '../../container/store.ts';
import { conflict, systemError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import type { Files, HeldBind, Root } from '../../host/files.ts';
import type { ProcessTable } from '../../host/process.ts';
import type { LayerStore } from '../../image/layers.ts';
import type { ContainerContext } from '../lifecycle/context.ts';
import { volumeNames } from '../lifecycle/mounting.ts';
import { type HeldProcess, HeldRoot } from './hold.ts';
import type { View } from './views.ts';

/** What shows a container's layers. */
export interface LayersContext {
  readonly dataRoot: string;
  readonly host: { readonly files: Pick<Files, 'holdMount'> };
  readonly layers: Pick<LayerStore, 'overlay' | 'rootfs'>;
  readonly runner: Pick<Runner, 'directories'>;
}

interface EtcContext {
  readonly containers: Pick<ContainerStore, 'idOf'>;
  readonly runner: Pick<Runner, 'directories'>;
}

/** What follows the runs of a container. */
type RunContext = Pick<ContainerContext, 'containers' | 'life' | 'live'> & {
  readonly host: { readonly processTable: Pick<ProcessTable, 'isEnding' | 'parentOf'> };
};

type StoppedContext = LayersContext & Pick<ContainerContext, 'containers' | 'mounted' | 'volumes'>;
export type OwnFilesContext = LayersContext & RunContext;
export type ArchiveContext = StoppedContext & RunContext;

/**
 * A container's file system as a host directory while `use` runs: a running one's as its processes see it, else its
 * layers with its volumes. Paths below it must be resolved with it as the root. An end of the container changes nothing
 * for `use`.
 */
export async function withRoot<T>(
  ctx: ArchiveContext,
  container: Container,
  use: (root: Root) => Promise<T>,
): Promise<T> {
  const { id } = container.definition;
  const running = await heldRun(ctx, id, ({ process }) => HeldRoot.open(ctx.host.processTable, process));
  if (running) return await ctx.live.views.ofRun(id, running, use);
  return await ctx.live.views.ofStopped(id, () => openStopped(ctx, ctx.containers.get(id)), use);
}

interface RunInView {
  readonly process: HeldProcess;
  /** The shim, where it says who it is. */
  readonly shim: number | undefined;
}

/** Ends of runs that are waited for, of a container that its policy starts again and again. */
const MOST_RUNS = 5;
/** Milliseconds for which a process that has just started may still be its runtime's child, not the shim's. */
const ADOPTION_MS = 2000;
const LOOK_AGAIN_MS = 5;

/**
 * Holds what `hold` opens of a running container. @returns undefined when the container does not run, and the mounts of
 * its last run are gone. @throws BargeError not-found for a container that was removed with its end.
 */
async function heldRun(
  ctx: RunContext,
  id: string,
  hold: (run: RunInView) => Promise<HeldRoot | undefined>,
): Promise<HeldRoot | undefined> {
  const deadline = performance.now() + ADOPTION_MS;
  for (let ends = 0; ends < MOST_RUNS; ) {
    const { state } = ctx.containers.get(id);
    const link = ctx.live.links.get(id);
    if (!isRunning(state)) {
      await link?.gone;
      return undefined;
    }
    const shim = link?.shimPid;
    const held = await hold({ process: { pid: state.pid, parent: shim }, shim });
    if (held) return held;
    if (ctx.host.processTable.isEnding(state.pid)) {
      /* Its exit is on its way, and passes the container's queue before this. */
      await link?.gone;
      await ctx.life.run(id, async () => {});
      ends++;
    } else if (performance.now() < deadline) await Promise.race([link?.gone, sleep(LOOK_AGAIN_MS)]);
    else throw systemError(`the root of process ${state.pid} of container ${id} cannot be opened`);
  }
  throw conflict(`container ${id} ends and starts again all the time: stop it, and try again`);
}

/** The layers of a container that does not run, with its volumes, as a start would find them. */
async function openStopped(ctx: StoppedContext, container: Container): Promise<View> {
  const { definition } = container;
  const { work } = ctx.runner.directories(definition.id);
  const user = `copy ${newId().slice(0, 12)}`;
  await using stack = new AsyncDisposableStack();
  for (const name of volumeNames(definition.mounts)) {
    const volume = ctx.volumes.get(name);
    stack.defer(() => ctx.mounted.release(volume, user));
    await ctx.mounted.use(volume, user);
  }
  const binds = [...bindsOf(definition), ...etcBinds(ctx, definition)];
  const { path } = stack.use(await openLayers(ctx, container, { work, binds, asStarted: true }));
  return ownedView(path, stack.move());
}

const ownedView = (path: string, stack: AsyncDisposableStack): View => ({
  path,
  [Symbol.asyncDispose]: () => stack.disposeAsync(),
});

/** Volumes and binds. Mounts of images cannot be written to, and are not there while nothing runs. */
function bindsOf(definition: ContainerDefinition): HeldBind[] {
  return definition.mounts
    .filter(({ Type }) => Type === 'bind' || Type === 'volume')
    .toSorted((a, b) => a.Destination.length - b.Destination.length)
    .map(({ Source, Destination, RW, subpath }) => ({
      source: Source,
      ...(subpath ? { subpath } : {}),
      target: Destination,
      readOnly: !RW,
    }));
}

/** The files of /etc that a start has written, unless something else is mounted in their place, as in a start. */
function etcBinds({ containers, runner }: EtcContext, definition: ContainerDefinition): HeldBind[] {
  const { network, storage } = definition.spec;
  const { mode } = network;
  const owner = mode.kind === 'container' ? containers.idOf(mode.container) : undefined;
  const { hosts, hostname, resolvConf } = runner.directories(owner ?? definition.id);
  const asked = new Set(definition.mounts.map(({ Destination }) => Destination));
  const hidden = definition.mounts.some(
    ({ Destination, Type }) => Destination === '/etc' && Type !== 'bind' && Type !== 'volume',
  );
  const readOnly = storage.readonlyRootfs;
  return [
    { source: hosts, target: '/etc/hosts', readOnly },
    { source: hostname, target: '/etc/hostname', readOnly },
    { source: resolvConf, target: '/etc/resolv.conf', readOnly },
  ].filter(({ source, target }) => !hidden && !asked.has(target) && existsSync(source));
}

interface LayersView {
  /** Makes the view writable. */
  readonly work?: string;
  /** With what a start finds at least: mount points that are not the container's own. */
  readonly asStarted?: boolean;
  readonly binds?: readonly HeldBind[];
}

/** The layers with the container's own changes. */
async function openLayers(
  ctx: LayersContext,
  { definition }: Container,
  { work, binds = [], asStarted = false }: LayersView,
): Promise<View> {
  await using stack = new AsyncDisposableStack();
  const parent = join(ctx.dataRoot, 'tmp');
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(join(parent, 'root-'));
  stack.defer(() => rmdir(directory)); /* never what might be mounted on it still */
  const { upper } = ctx.runner.directories(definition.id);
  const { lower, layersDirectory } = asStarted
    ? ctx.layers.rootfs(definition.layers)
    : ctx.layers.overlay(definition.layers);
  const overlay = work
    ? { lower, layersDirectory, upper, work }
    : { lower: [...lower, upper], layersDirectory };
  const { path } = stack.use(await ctx.host.files.holdMount(directory, overlay, binds));
  return ownedView(path, stack.move());
}

/** The container's own files, by its layers and its changes. */
export async function withLayers<T>(
  ctx: LayersContext,
  container: Container,
  use: (root: string) => Promise<T>,
): Promise<T> {
  await using view = await openLayers(ctx, container, {});
  return await use(view.path);
}

/**
 * The container's file system without what is mounted in it. A running one's is the shim's mount, for the kernel wants
 * no second overlay over directories that one writes to.
 */
export async function withOwnFiles<T>(
  ctx: OwnFilesContext,
  container: Container,
  use: (root: string) => Promise<T>,
): Promise<T> {
  const { id } = container.definition;
  const { rootfs } = ctx.runner.directories(id);
  const running = await heldRun(ctx, id, ({ process, shim }) =>
    HeldRoot.open(
      ctx.host.processTable,
      process,
      shim ?? ctx.host.processTable.parentOf(process.pid),
      rootfs,
    ),
  );
  if (running) return await ctx.live.views.ofRun(id, running, use);
  return await withLayers(ctx, ctx.containers.get(id), use);
}

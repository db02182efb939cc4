import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning } from '../../container/life/state.ts';
import type { Container, ContainerDefinition } from '../../container/model.ts';
import { readUserResponse, userQuestion } from '../../container/oci/user.ts';
import { BargeError, conflict, invalidParameter, isKind, notFound, systemError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import {
  type HeldBind,
  HeldMount,
  type PathStat,
  packTar,
  type Root,
  resolveBelow,
  statBelow,
  unpackTar,
  userBelow,
} from '../../host/fs-tool.ts';
import { isEnding, parentOf } from '../../host/process-state.ts';
import { decompress } from '../../image/compression.ts';
import { type ContainerContext, emitContainer } from '../lifecycle/context.ts';
import { volumeNames } from '../lifecycle/mounting.ts';
import { type HeldProcess, HeldRoot } from './hold.ts';

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

export type ArchiveContext = ContainerContext & { readonly dataRoot: string };

/** What `HEAD /containers/{id}/archive` tells, with the mode in the kernel's bits. */
export interface ArchivedPath extends PathStat {
  readonly name: string;
}

/**
 * A container's file system as a host directory while `use` runs: a running one's as its processes see it, else its
 * layers with its volumes. Paths below it must be resolved with it as the root. An end of the container changes nothing
 * for `use`.
 */
async function withRoot<T>(
  ctx: ArchiveContext,
  container: Container,
  use: (root: Root) => Promise<T>,
): Promise<T> {
  const { id } = container.definition;
  const running = await heldRun(ctx, id, ({ process }) => HeldRoot.open(process));
  if (running) {
    await using held = running;
    return await use(held.path);
  }
  return await withStoppedRoot(ctx, ctx.containers.get(id), use);
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
  ctx: ArchiveContext,
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
    if (isEnding(state.pid)) {
      /* Its exit is on its way, and passes the container's queue before this. */
      await link?.gone;
      await ctx.life.run(id, async () => {});
      ends++;
    } else if (performance.now() < deadline) await Promise.race([link?.gone, sleep(LOOK_AGAIN_MS)]);
    else throw systemError(`the root of process ${state.pid} of container ${id} cannot be opened`);
  }
  throw conflict(`container ${id} ends and starts again all the time: stop it, and try again`);
}

async function withStoppedRoot<T>(
  ctx: ArchiveContext,
  container: Container,
  use: (root: Root) => Promise<T>,
): Promise<T> {
  const { definition } = container;
  const { work } = ctx.runner.directories(definition.id);
  const user = `copy ${newId().slice(0, 12)}`;
  const volumes = volumeNames(definition.mounts).map((name) => ctx.volumes.get(name));
  try {
    for (const volume of volumes) await ctx.mounted.use(volume, user);
    const binds = [...bindsOf(definition), ...etcBinds(ctx, definition)];
    return await withLayers(ctx, container, { work, binds, asStarted: true }, use);
  } finally {
    for (const volume of volumes) await ctx.mounted.release(volume, user);
  }
}

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
function etcBinds({ containers, runner }: ArchiveContext, definition: ContainerDefinition): HeldBind[] {
  const mode = definition.hostConfig.NetworkMode ?? '';
  const owner = mode.startsWith('container:') ? containers.idOf(mode.slice('container:'.length)) : undefined;
  const { hosts, hostname, resolvConf } = runner.directories(owner ?? definition.id);
  const asked = new Set(definition.mounts.map(({ Destination }) => Destination));
  const hidden = definition.mounts.some(
    ({ Destination, Type }) => Destination === '/etc' && Type !== 'bind' && Type !== 'volume',
  );
  const readOnly = Boolean(definition.hostConfig.ReadonlyRootfs);
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
async function withLayers<T>(
  ctx: ArchiveContext,
  { definition }: Container,
  { work, binds = [], asStarted = false }: LayersView,
  use: (root: string) => Promise<T>,
): Promise<T> {
  const parent = join(ctx.dataRoot, 'tmp');
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(join(parent, 'root-'));
  const { upper } = ctx.runner.directories(definition.id);
  const { lower, layersDirectory } = asStarted
    ? ctx.layers.rootfs(definition.layers)
    : ctx.layers.overlay(definition.layers);
  const overlay = work
    ? { lower, layersDirectory, upper, work }
    : { lower: [...lower, upper], layersDirectory };
  try {
    await using mounted = await HeldMount.open(directory, overlay, binds);
    return await use(mounted.path);
  } finally {
    await rmdir(directory); /* never what might be mounted on it still */
  }
}

const below = (path: string) => posix.normalize(`/${path}`).slice(1) || '.';

const noSuchFile = (path: string, { definition }: Container, cause: unknown) =>
  notFound(`Could not find the file ${path} in container ${definition.id}`, { cause });

/** Paths that end so mean a directory, also at the end of a symlink. */
const MEANS_DIRECTORY = /(^|\/)\.?$/;

/**
 * The path with its symlinks followed.
 * @throws BargeError not-found, or invalid-parameter for what is no directory although its path says so.
 */
async function follow(root: Root, path: string, container: Container): Promise<string> {
  const asDirectory = MEANS_DIRECTORY.test(path) ? '/' : '';
  try {
    return await resolveBelow(root, posix.join('/', path, asDirectory));
  } catch (error) {
    if (!(error instanceof BargeError) || isKind(error, 'invalid-parameter')) throw error;
    throw noSuchFile(path, container, error);
  }
}

/** Of a symlink itself, unless the path means a directory. @throws BargeError as `follow`. */
async function look(
  root: Root,
  path: string,
  container: Container,
): Promise<{ readonly stat: ArchivedPath; readonly target: string }> {
  const target = MEANS_DIRECTORY.test(path) ? await follow(root, path, container) : path;
  try {
    return { stat: { ...(await statBelow(root, below(target))), name: posix.basename(path) || '/' }, target };
  } catch (error) {
    if (!(error instanceof BargeError)) throw error;
    throw noSuchFile(path, container, error);
  }
}

export async function statInContainer(ctx: ArchiveContext, ref: string, path: string): Promise<ArchivedPath> {
  const container = ctx.containers.find(ref);
  return await withRoot(ctx, container, async (root) => (await look(root, path, container)).stat);
}

/** Gives `send` the tar of a file or directory, named by its last part. @throws BargeError not-found. */
export async function copyFromContainer(
  ctx: ArchiveContext,
  ref: string,
  path: string,
  send: (stat: ArchivedPath, tar: Readable) => Promise<void>,
): Promise<void> {
  const container = ctx.containers.find(ref);
  await withRoot(ctx, container, async (root) => {
    const { stat, target } = await look(root, path, container);
    emitContainer(ctx, container, 'archive-path');
    /* `directory/.` asks for what is in the directory, in names that begin with a dot; `/` for names that begin with it. */
    await send(stat, packTar({ root, path: below(target), name: stat.name, filesOnly: true }));
  });
}

export interface CopyToOptions {
  /** Refuse what would replace a directory by something else, or something else by a directory. */
  readonly keepKinds: boolean;
  /** Everything belongs to the container's user, whatever the archive says. */
  readonly asUser: boolean;
}

/**
 * Unpacks a tar, compressed or not, in a directory of the container.
 * @throws BargeError not-found without the directory; invalid-parameter when it is none or may not be written to.
 */
export async function copyToContainer(
  ctx: ArchiveContext,
  ref: string,
  path: string,
  tar: Readable,
  { keepKinds, asUser }: CopyToOptions,
): Promise<void> {
  const container = ctx.containers.find(ref);
  const { definition } = container;
  await withRoot(ctx, container, async (root) => {
    const directory = await follow(root, path, container);
    const { stat } = await look(root, directory, container);
    if ((stat.mode & S_IFMT) !== S_IFDIR) throw invalidParameter('extraction point is not a directory');
    assertWritable(definition, directory);
    const owner = asUser && definition.config.User ? await userOf(ctx, container) : undefined;
    await unpackTar({
      root,
      path: below(directory),
      tar: await decompress(tar),
      keepKinds,
      ...(owner ? { owner } : {}),
    });
  });
  emitContainer(ctx, container, 'extract-to-dir');
}

/** @param path without symlinks. @throws BargeError invalid-parameter when it lies in what is read-only. */
function assertWritable({ mounts, hostConfig }: ContainerDefinition, path: string): void {
  const around = mounts
    .filter(({ Destination: at }) => path === at || path.startsWith(`${at.replace(/\/$/, '')}/`))
    .toSorted((a, b) => b.Destination.length - a.Destination.length);
  const [mount] = around;
  if (mount && !mount.RW) throw invalidParameter('mounted volume is marked read-only');
  if (!mount && hostConfig.ReadonlyRootfs) throw invalidParameter('container rootfs is marked read-only');
}

/** The container's user, by the account files of its own layers, not by what is mounted over them. */
async function userOf(ctx: ArchiveContext, container: Container) {
  const { id, config } = container.definition;
  const request = { user: config.User ?? '', groupAdd: [] };
  const link = ctx.live.links.get(id);
  if (isRunning(container.state) && link) {
    try {
      return await ctx.runner.userIn(id, link, request);
    } catch (error) {
      if (!isEnding(container.state.pid)) throw error;
      await link.gone; /* and with it the mount, of which the kernel wants no second one */
    }
  }
  return await withLayers(ctx, container, {}, async (root) =>
    readUserResponse(await userBelow(root, userQuestion(request)), request),
  );
}

/** Gives `send` the tar of the whole file system, without volumes. */
export async function exportContainer(
  ctx: ArchiveContext,
  ref: string,
  send: (tar: Readable) => Promise<void>,
): Promise<void> {
  const container = ctx.containers.find(ref);
  const { status } = container.state;
  if (status === 'removing' || status === 'dead') {
    throw conflict(`You cannot export container ${container.definition.id} which is ${status}`);
  }
  await withOwnFiles(ctx, container, async (root) => {
    emitContainer(ctx, container, 'export');
    await send(packTar({ root }));
  });
}

/**
 * The container's file system without what is mounted in it. A running one's is the shim's mount, for the kernel wants
 * no second overlay over directories that one writes to.
 */
async function withOwnFiles<T>(
  ctx: ArchiveContext,
  container: Container,
  use: (root: string) => Promise<T>,
): Promise<T> {
  const { id } = container.definition;
  const { rootfs } = ctx.runner.directories(id);
  const running = await heldRun(ctx, id, ({ process, shim }) =>
    HeldRoot.open(process, shim ?? parentOf(process.pid), rootfs),
  );
  if (!running) return await withLayers(ctx, ctx.containers.get(id), {}, use);
  await using held = running;
  return await use(held.path);
}

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { type Container, isRunning } from '../../container/model.ts';
import { BargeError, conflict, invalidParameter, notFound } from '../../core/errors.ts';
import { HeldMount, type PathStat, packTar, statBelow, unpackTar } from '../../host/fs-tool.ts';
import { decompress } from '../../image/compression.ts';
import type { ContainerContext } from './context.ts';

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

export type ArchiveContext = ContainerContext & { readonly dataRoot: string };

/** What `HEAD /containers/{id}/archive` tells, with the mode in the kernel's bits. */
export interface ArchivedPath extends PathStat {
  readonly name: string;
}

/**
 * A container's file system as a host folder while `use` runs: a running one's as its processes see it, volumes
 * included; else its layers, without volumes. Paths below it must be resolved with it as the root.
 */
async function withRoot<T>(
  ctx: ArchiveContext,
  container: Container,
  use: (root: string) => Promise<T>,
): Promise<T> {
  const { definition, state } = container;
  if (isRunning(state)) return await use(`/proc/${state.pid}/root`);
  return await withLayers(ctx, container, `${ctx.runner.folders(definition.id).work}`, use);
}

/** The layers with the container's own changes; writable when a work folder is given. */
async function withLayers<T>(
  ctx: ArchiveContext,
  { definition }: Container,
  work: string | undefined,
  use: (root: string) => Promise<T>,
): Promise<T> {
  const parent = join(ctx.dataRoot, 'tmp');
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(parent, 'root-'));
  const { upper } = ctx.runner.folders(definition.id);
  const { lower, layersFolder } = ctx.layers.overlay(definition.layers);
  const overlay = work ? { lower, layersFolder, upper, work } : { lower: [...lower, upper], layersFolder };
  try {
    await using mounted = await HeldMount.open(folder, overlay);
    return await use(mounted.path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const below = (path: string) => posix.normalize(`/${path}`).slice(1) || '.';

async function look(root: string, path: string, { definition }: Container): Promise<ArchivedPath> {
  try {
    return { ...(await statBelow(root, below(path))), name: posix.basename(path) || '/' };
  } catch (error) {
    if (!(error instanceof BargeError)) throw error;
    throw notFound(`Could not find the file ${path} in container ${definition.id}`, { cause: error });
  }
}

export async function statInContainer(
  ctx: ArchiveContext,
  word: string,
  path: string,
): Promise<ArchivedPath> {
  const container = ctx.containers.find(word);
  return await withRoot(ctx, container, (root) => look(root, path, container));
}

/** Gives `send` the tar of a file or folder, named by its last part. @throws BargeError not-found. */
export async function copyFromContainer(
  ctx: ArchiveContext,
  word: string,
  path: string,
  send: (stat: ArchivedPath, tar: Readable) => Promise<void>,
): Promise<void> {
  const container = ctx.containers.find(word);
  await withRoot(ctx, container, async (root) => {
    const stat = await look(root, path, container);
    const name = posix.basename(posix.normalize(path));
    await send(stat, packTar({ root, path: below(path), name: name === '' || name === '/' ? '.' : name }));
  });
}

/** Unpacks a tar, compressed or not, in a folder of the container. @throws BargeError not-found. */
export async function copyToContainer(
  ctx: ArchiveContext,
  word: string,
  path: string,
  tar: Readable,
): Promise<void> {
  const container = ctx.containers.find(word);
  if (container.definition.hostConfig.ReadonlyRootfs && !isRunning(container.state)) {
    throw conflict('container rootfs is marked read-only');
  }
  await withRoot(ctx, container, async (root) => {
    const { mode } = await look(root, posix.join(path, '.'), container);
    if ((mode & S_IFMT) !== S_IFDIR) throw invalidParameter('extraction point is not a directory');
    await unpackTar({ root, path: below(path), tar: await decompress(tar) });
  });
}

/** Gives `send` the tar of the whole file system, without volumes. */
export async function exportContainer(
  ctx: ArchiveContext,
  word: string,
  send: (tar: Readable) => Promise<void>,
): Promise<void> {
  await withLayers(ctx, ctx.containers.find(word), undefined, (root) => send(packTar({ root })));
}

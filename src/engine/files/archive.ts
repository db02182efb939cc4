import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { isLeaving, isRunning } from '../../container/life/state.ts';
import type { Container, ContainerDefinition } from '../../container/model.ts';
import { readUserResponse, userQuestion } from '../../container/oci/user.ts';
import type { Runner } from '../../container/runner.ts';
import { BargeError, conflict, invalidParameter, isKind, notFound } from '../../core/errors.ts';
import type { Files, PathStat, Root } from '../../host/files.ts';
import type { ProcessTable } from '../../host/process.ts';
import { decompress } from '../../image/compression.ts';
import { type ContainerEvents, emitContainer, type LiveContainers } from '../lifecycle/context.ts';
import {
  type ArchiveContext,
  type LayersContext,
  type OwnFilesContext,
  withLayers,
  withOwnFiles,
  withRoot,
} from './root.ts';

interface LookContext {
  readonly host: { readonly files: Pick<Files, 'resolveBelow' | 'statBelow'> };
}

interface CopyContext extends ContainerEvents {
  readonly host: { readonly files: Pick<Files, 'resolveBelow' | 'statBelow' | 'packTar' | 'unpackTar'> };
}

interface ExportContext extends ContainerEvents {
  readonly host: { readonly files: Pick<Files, 'packTar'> };
}

type UserContext = LayersContext & {
  readonly host: {
    readonly files: Pick<Files, 'userBelow'>;
    readonly processTable: Pick<ProcessTable, 'isEnding'>;
  };
  readonly live: Pick<LiveContainers, 'links'>;
  readonly runner: Pick<Runner, 'userIn'>;
};

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

/** What `HEAD /containers/{id}/archive` tells, with the mode in the kernel's bits. */
export interface ArchivedPath extends PathStat {
  readonly name: string;
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
async function follow(
  { host }: { readonly host: { readonly files: Pick<Files, 'resolveBelow'> } },
  root: Root,
  path: string,
  container: Container,
): Promise<string> {
  const asDirectory = MEANS_DIRECTORY.test(path) ? '/' : '';
  try {
    return await host.files.resolveBelow(root, posix.join('/', path, asDirectory));
  } catch (error) {
    if (!(error instanceof BargeError) || isKind(error, 'invalid-parameter')) throw error;
    throw noSuchFile(path, container, error);
  }
}

/** Of a symlink itself, unless the path means a directory. @throws BargeError as `follow`. */
async function look(
  ctx: LookContext,
  root: Root,
  path: string,
  container: Container,
): Promise<{ readonly stat: ArchivedPath; readonly target: string }> {
  const target = MEANS_DIRECTORY.test(path) ? await follow(ctx, root, path, container) : path;
  try {
    return {
      stat: { ...(await ctx.host.files.statBelow(root, below(target))), name: posix.basename(path) || '/' },
      target,
    };
  } catch (error) {
    if (!(error instanceof BargeError)) throw error;
    throw noSuchFile(path, container, error);
  }
}

export async function statInContainer(
  ctx: ArchiveContext & LookContext,
  ref: string,
  path: string,
): Promise<ArchivedPath> {
  const container = ctx.containers.find(ref);
  return await withRoot(ctx, container, async (root) => (await look(ctx, root, path, container)).stat);
}

/** Gives `send` the tar of a file or directory, named by its last part. @throws BargeError not-found. */
export async function copyFromContainer(
  ctx: ArchiveContext & CopyContext,
  ref: string,
  path: string,
  send: (stat: ArchivedPath, tar: Readable) => Promise<void>,
): Promise<void> {
  const container = ctx.containers.find(ref);
  await withRoot(ctx, container, async (root) => {
    const { stat, target } = await look(ctx, root, path, container);
    emitContainer(ctx, container, 'archive-path');
    /* `directory/.` asks for what is in the directory, in names that begin with a dot; `/` for names that begin with it. */
    await send(stat, ctx.host.files.packTar({ root, path: below(target), name: stat.name, filesOnly: true }));
  });
}

interface CopyToOptions {
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
  ctx: ArchiveContext & CopyContext & UserContext,
  ref: string,
  path: string,
  tar: Readable,
  { keepKinds, asUser }: CopyToOptions,
): Promise<void> {
  const container = ctx.containers.find(ref);
  const { definition } = container;
  await withRoot(ctx, container, async (root) => {
    const directory = await follow(ctx, root, path, container);
    const { stat } = await look(ctx, root, directory, container);
    if ((stat.mode & S_IFMT) !== S_IFDIR) throw invalidParameter('extraction point is not a directory');
    assertWritable(definition, directory);
    const owner = asUser && definition.spec.process.user ? await userOf(ctx, container) : undefined;
    await ctx.host.files.unpackTar({
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
function assertWritable({ mounts, spec }: ContainerDefinition, path: string): void {
  const around = mounts
    .filter(({ Destination: at }) => path === at || path.startsWith(`${at.replace(/\/$/, '')}/`))
    .toSorted((a, b) => b.Destination.length - a.Destination.length);
  const [mount] = around;
  if (mount && !mount.RW) throw invalidParameter('mounted volume is marked read-only');
  if (!mount && spec.storage.readonlyRootfs) throw invalidParameter('container rootfs is marked read-only');
}

/** The container's user, by the account files of its own layers, not by what is mounted over them. */
async function userOf(ctx: UserContext, container: Container) {
  const { id, spec } = container.definition;
  const request = { user: spec.process.user, groupAdd: [] };
  const link = ctx.live.links.get(id);
  if (isRunning(container.state) && link) {
    try {
      return await ctx.runner.userIn(id, link, request);
    } catch (error) {
      if (!ctx.host.processTable.isEnding(container.state.pid)) throw error;
      await link.gone; /* and with it the mount, of which the kernel wants no second one */
    }
  }
  return await withLayers(ctx, container, async (root) =>
    readUserResponse(await ctx.host.files.userBelow(root, userQuestion(request)), request),
  );
}

/** Gives `send` the tar of the whole file system, without volumes. */
export async function exportContainer(
  ctx: OwnFilesContext & ExportContext,
  ref: string,
  send: (tar: Readable) => Promise<void>,
): Promise<void> {
  const container = ctx.containers.find(ref);
  if (isLeaving(container.state)) {
    const { status } = container.state;
    throw conflict(`You cannot export container ${container.definition.id} which is ${status}`);
  }
  await withOwnFiles(ctx, container, async (root) => {
    emitContainer(ctx, container, 'export');
    await send(ctx.host.files.packTar({ root }));
  });
}

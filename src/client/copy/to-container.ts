import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { errnoOf, invalidParameter, isKind } from '../../core/errors.ts';
import { packPath } from '../build-context/pack.ts';
import type { Cli } from '../cli.ts';
import { pathSegment } from '../each.ts';
import {
  archivePath,
  asksForContents,
  type CopyOptions,
  isDirectory,
  isLink,
  type PathStat,
  type Place,
  statPath,
} from './place.ts';

/** Copies a local path or, for `-`, a tar from standard input into a container. */
export async function copyToContainer(
  cli: Cli,
  source: string,
  target: Place,
  options: CopyOptions,
): Promise<string> {
  const container = target.container ?? '';
  const upload = (path: string, stream: AsyncIterable<Uint8Array>) =>
    cli.engine.call('PUT', archivePath(container), {
      query: { path, noOverwriteDirNonDir: true, copyUIDGID: options.archive },
      headers: { 'Content-Type': 'application/x-tar' },
      stream,
    });
  if (source === '-') {
    const found = await statTarget(cli, container, target.path);
    if (!found?.stat || !isDirectory(found.stat)) {
      throw invalidParameter(`destination "${container}:${target.path}" must be a directory`);
    }
    await upload(target.path, process.stdin);
    return '';
  }
  const local = options.followLink ? await realpath(source) : source;
  const directory = await isLocalDirectory(local);
  const place = await chooseTarget(cli, container, target.path, directory);
  const contents = asksForContents(source) && directory;
  const name = contents && place.exists ? '.' : (place.name ?? basename(resolve(source)));
  await upload(place.directory, packPath(resolve(local), name));
  return `Successfully copied ${source} to ${container}:${target.path}`;
}

async function isLocalDirectory(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT') throw cause;
    throw invalidParameter(`lstat ${path}: no such file or directory`, { cause });
  }
}

/** The container's directory to unpack in, and the new name of the source, undefined when it keeps its own. */
async function chooseTarget(
  cli: Cli,
  container: string,
  path: string,
  sourceIsDirectory: boolean,
): Promise<{ directory: string; name?: string; exists: boolean }> {
  const found = await statTarget(cli, container, path);
  if (found?.stat && isDirectory(found.stat)) return { directory: found.path, exists: true };
  if (found?.stat && sourceIsDirectory)
    throw invalidParameter(`cannot copy a directory over the file ${path}`);
  if (!found?.stat && !sourceIsDirectory && path.endsWith('/')) {
    throw invalidParameter(`destination "${container}:${path}" must be a directory`);
  }
  const full = resolve('/', found?.path ?? path);
  return { directory: dirname(full), name: basename(full), exists: false };
}

/** The status of the target. A link is followed once, as in docker's client, even to a path that does not exist. */
async function statTarget(
  cli: Cli,
  container: string,
  path: string,
): Promise<{ path: string; stat?: PathStat } | undefined> {
  let linked: string | undefined;
  try {
    const stat = await statPath(cli.engine, container, path);
    if (!isLink(stat)) return { path, stat };
    linked = resolve(dirname(resolve('/', path)), stat.linkTarget);
    return { path: linked, stat: await statPath(cli.engine, container, linked) };
  } catch (error) {
    if (!isKind(error, 'not-found') || !(await hasContainer(cli, container))) throw error;
    return linked === undefined ? undefined : { path: linked };
  }
}

/** A missing container and a missing path have the same status. */
async function hasContainer(cli: Cli, container: string): Promise<boolean> {
  try {
    await cli.engine.get(`/containers/${pathSegment(container)}/json`);
    return true;
  } catch (error) {
    if (isKind(error, 'not-found')) return false;
    throw error;
  }
}

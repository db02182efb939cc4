import { lstatSync, readlinkSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { errnoOf, invalidParameter } from '../../core/errors.ts';
import type { Cli } from '../cli.ts';
import { extractInto } from './extract.ts';
import {
  archivePath,
  asksForContents,
  type CopyOptions,
  decodeStat,
  isDirectory,
  isLink,
  type Place,
  statPath,
} from './place.ts';

/** The number of links that docker follows. */
const MAX_LINKS = 10;

/** Copies out of a container, to a local path or, for `-`, as a tar to standard output. */
export async function copyFromContainer(
  cli: Cli,
  source: Place,
  target: string,
  options: CopyOptions,
): Promise<string> {
  const container = source.container ?? '';
  let path = source.path;
  /* The target of a followed link gets the link's name. */
  let linkName: string | undefined;
  if (options.followLink) {
    const found = await statPath(cli.engine, container, path);
    if (isLink(found)) {
      linkName = basename(resolve('/', path));
      path = resolve(dirname(resolve('/', path)), found.linkTarget);
    }
  }
  const { headers, body } = await cli.engine.request('GET', archivePath(container), { query: { path } });
  if (target === '-') {
    for await (const chunk of body) cli.out(chunk);
    return '';
  }
  const found = decodeStat(headers.get('x-docker-container-path-stat'));
  const place = await chooseTarget(resolveLink(target), isDirectory(found), asksForContents(path));
  /* Only what was requested: the daemon may send another name, and the target may be the user's home directory. */
  const isWhole = asksForContents(path) || ['', '/', '.', '..'].includes(found.name);
  const from = isWhole ? '.' : found.name;
  await extractInto(place.directory, body, {
    rename: { from, to: place.name ?? (isWhole ? from : (linkName ?? from)) },
    owners: options.archive,
  });
  return `Successfully copied ${source.container}:${source.path} to ${resolve(target)}`;
}

/** Follows the user's own link to a file, whether the file exists or not, as docker does. */
function resolveLink(target: string): string {
  let path = target;
  for (let links = 0; lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink(); links++) {
    if (links > MAX_LINKS) throw invalidParameter(`too many symlinks in "${target}"`);
    path = resolve(dirname(path), readlinkSync(path));
  }
  return path;
}

/**
 * The destination, by docker's rules: into a directory that exists; under the target's own name when it does not; over
 * a file when the source is one. `name` is the new name of the source, undefined when it keeps its own.
 */
async function chooseTarget(
  target: string,
  sourceIsDirectory: boolean,
  contents: boolean,
): Promise<{ directory: string; name?: string }> {
  const existing = await statIfThere(target);
  if (existing?.isDirectory()) return { directory: resolve(target) };
  if (existing && sourceIsDirectory)
    throw invalidParameter(`cannot copy a directory over the file ${target}`);
  if (!existing && !sourceIsDirectory && target.endsWith('/'))
    throw invalidParameter(`destination directory "${target}" does not exist`);
  if (existing && !existing.isFile()) {
    throw invalidParameter(`invalid output path: "${target}" must be a directory or a regular file`);
  }
  const directory = dirname(resolve(target));
  if (!(await statIfThere(directory)))
    throw invalidParameter(`invalid output path: directory "${directory}" does not exist`);
  if (contents && sourceIsDirectory) {
    const { mkdir } = await import('node:fs/promises');
    await mkdir(target);
    return { directory: resolve(target) };
  }
  return { directory, name: basename(resolve(target)) };
}

async function statIfThere(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

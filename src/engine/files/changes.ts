import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerDirectories } from '../../container/directories.ts';
import type { ContainerStore } from '../../container/store.ts';
import { errnoOf } from '../../core/errors.ts';
import type { LayerStore } from '../../image/layers.ts';

interface ChangesContext {
  readonly containers: Pick<ContainerStore, 'find'>;
  readonly layers: Pick<LayerStore, 'overlay'>;
  readonly runner: { directories(id: string): Pick<ContainerDirectories, 'upper'> };
}

const MODIFIED = 0;
const ADDED = 1;
const DELETED = 2;

interface Change {
  readonly Path: string;
  readonly Kind: 0 | 1 | 2;
}

/** What a container has changed on top of its image: the contents of its upper directory, read as overlayfs does. */
export async function containerChanges(ctx: ChangesContext, ref: string): Promise<Change[]> {
  const { definition } = ctx.containers.find(ref);
  const { upper } = ctx.runner.directories(definition.id);
  const { lower, layersDirectory } = ctx.layers.overlay(definition.layers);
  const directories = [...lower].reverse().map((name) => join(layersDirectory, name));
  return await readChanges(upper, directories);
}

/**
 * The changes that an upper directory makes to lower ones. A container may be changing the upper one: no link in it is
 * followed, whatever becomes one meanwhile, nor is a link of the lower ones, which would lead to files of the host.
 * @param lower highest first.
 */
async function readChanges(upper: string, lower: readonly string[]): Promise<Change[]> {
  const changes: Change[] = [];
  await walk(upper, '/', lower, changes);
  return changes;
}

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

/** @param path of the directory `shown`, through descriptors. @param lower the directories that it covers. */
async function walk(path: string, shown: string, lower: readonly string[], changes: Change[]): Promise<void> {
  await using directory = await openDirectory(path);
  if (!directory) return;
  const here = `/proc/self/fd/${directory.fd}`;
  for (const entry of (await readdir(here, { withFileTypes: true })).sort(byName)) {
    const at = join(here, entry.name);
    const name = join(shown, entry.name);
    const before = await inLower(lower, entry.name);
    if (entry.isCharacterDevice() && (await isWhiteout(at))) {
      changes.push({ Path: name, Kind: DELETED });
      continue;
    }
    changes.push({ Path: name, Kind: before.exists ? MODIFIED : ADDED });
    if (entry.isDirectory()) await walk(at, name, before.directories, changes);
  }
}

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

/** Undefined when it has gone, or become something else. */
async function openDirectory(path: string) {
  try {
    return await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

async function isWhiteout(path: string): Promise<boolean> {
  const stats = await statsOf(path);
  return Boolean(stats?.isCharacterDevice() && stats.rdev === 0);
}

/** What lower directories have by a name: whether anything, and the directories of that name that are seen through each other. */
async function inLower(
  directories: readonly string[],
  name: string,
): Promise<{ readonly exists: boolean; readonly directories: readonly string[] }> {
  const found: string[] = [];
  for (const directory of directories) {
    const path = join(directory, name);
    const stats = await statsOf(path);
    if (!stats) continue;
    if (stats.isDirectory()) {
      found.push(path);
      continue;
    }
    /* Below a directory, something else hides what lies lower still; on top, it is what there is. */
    const whiteout = stats.isCharacterDevice() && stats.rdev === 0;
    return { exists: found.length > 0 || !whiteout, directories: found };
  }
  return { exists: found.length > 0, directories: found };
}

async function statsOf(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

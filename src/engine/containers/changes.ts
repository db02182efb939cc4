import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../core/errors.ts';
import type { ContainerContext } from './context.ts';

const MODIFIED = 0;
const ADDED = 1;
const DELETED = 2;

export interface Change {
  readonly Path: string;
  readonly Kind: 0 | 1 | 2;
}

/** What a container has changed on top of its image: the contents of its upper folder, read as overlayfs does. */
export async function containerChanges(ctx: ContainerContext, word: string): Promise<Change[]> {
  const { definition } = ctx.containers.find(word);
  const { upper } = ctx.runner.folders(definition.id);
  const { lower, layersFolder } = ctx.layers.overlay(definition.layers);
  const folders = [...lower].reverse().map((name) => join(layersFolder, name));
  const changes: Change[] = [];
  await walk(upper, '/', folders, changes);
  return changes;
}

async function walk(
  upper: string,
  folder: string,
  lower: readonly string[],
  changes: Change[],
): Promise<void> {
  for (const entry of (await readdir(join(upper, folder), { withFileTypes: true })).sort(byName)) {
    const path = join(folder, entry.name);
    const before = await inLower(lower, path);
    if (entry.isCharacterDevice() && (await lstat(join(upper, path))).rdev === 0) {
      changes.push({ Path: path, Kind: DELETED });
      continue;
    }
    changes.push({ Path: path, Kind: before ? MODIFIED : ADDED });
    if (entry.isDirectory()) await walk(upper, path, lower, changes);
  }
}

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

async function inLower(folders: readonly string[], path: string): Promise<boolean> {
  for (const folder of folders) {
    try {
      const stats = await lstat(join(folder, path));
      return !(stats.isCharacterDevice() && stats.rdev === 0);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
    }
  }
  return false;
}

import { join, posix } from 'node:path';
import { invalidParameter, notFound } from '../../core/errors.ts';
import { PatternMatcher } from '../../core/patterns/path-rules.ts';
import type { CopyOperation } from '../plan/graph.ts';
import { type Compression, detectArchive } from './archive.ts';
import type { Downloaded } from './download.ts';
import type { SourceEntry } from './entry.ts';
import { SourceTree } from './source-tree.ts';

/** A resolved source of a COPY or ADD, to be placed below the destination. */
export type Item = FileItem | DirectoryItem | ArchiveItem;

/** A file that takes the destination's name, or its own when the destination is a directory. */
interface FileItem {
  readonly kind: 'file';
  readonly name: string;
  readonly entry: SourceEntry;
}

/** Entries with their paths below the destination, parents first. */
interface DirectoryItem {
  readonly kind: 'directory';
  readonly entries: readonly { readonly below: string; readonly entry: SourceEntry }[];
}

/** An archive to unpack into the destination. */
export interface ArchiveItem {
  readonly kind: 'archive';
  readonly entry: SourceEntry;
  readonly file: string;
  readonly compression: Compression;
}

/** Resolves all sources of a copy in `tree`. */
export async function selectItems(
  operation: CopyOperation,
  tree: SourceTree,
  downloads: readonly Downloaded[],
  clones: readonly string[] = [],
): Promise<Item[]> {
  const exclude = operation.exclude.length > 0 ? new PatternMatcher(operation.exclude) : undefined;
  const items: Item[] = [];
  for (const source of operation.sources) {
    if (operation.parents) items.push(...(await withParents(operation, source, tree, exclude)));
    else items.push(...(await plainSource(operation, source, tree, exclude)));
  }
  for (const download of downloads) items.push(await downloadItem(operation, download));
  for (const directory of clones) items.push(await cloneItem(directory, exclude));
  for (const { path, content } of operation.documents) items.push(documentItem(path, content));
  if (items.length === 0) throw invalidParameter(`${operation.verb} failed: no source files were specified`);
  return items;
}

async function downloadItem(operation: CopyOperation, { name, entry }: Downloaded): Promise<Item> {
  const file = entry.content.kind === 'file' ? entry.content.file : undefined;
  const compression = operation.unpackDownloads && file ? await detectArchive(file) : undefined;
  return compression && file ? { kind: 'archive', entry, file, compression } : { kind: 'file', name, entry };
}

/** A repository's files, without the directory of the checkout. */
async function cloneItem(directory: string, exclude: PatternMatcher | undefined): Promise<Item> {
  const entries = await new SourceTree(directory, { isContext: true }).walk('', exclude);
  const below = entries.filter((entry) => entry.path !== '');
  return { kind: 'directory', entries: below.map((entry) => ({ below: entry.path, entry })) };
}

async function plainSource(
  operation: CopyOperation,
  source: string,
  tree: SourceTree,
  exclude: PatternMatcher | undefined,
): Promise<Item[]> {
  const items: Item[] = [];
  for (const path of await matchingPaths(operation, source, tree)) {
    const found = await tree.find(path);
    if (!found) throw missing(operation, source);
    const entries = await tree.walk(found.path, exclude);
    if (found.stats.isDirectory()) {
      const below = entries.filter((entry) => entry.path !== found.path);
      items.push({
        kind: 'directory',
        entries: below.map((entry) => ({ below: posix.relative(found.path, entry.path), entry })),
      });
      continue;
    }
    const [entry] = entries;
    if (entry)
      items.push(await fileItem(operation, posix.basename(path), join(tree.root, found.path), entry));
  }
  return items;
}

async function fileItem(
  operation: CopyOperation,
  name: string,
  file: string,
  entry: SourceEntry,
): Promise<Item> {
  const compression = operation.unpack && entry.type === 'file' ? await detectArchive(file) : undefined;
  return compression ? { kind: 'archive', entry, file, compression } : { kind: 'file', name, entry };
}

/** `--parents`: the directories above each source are copied too, starting at `/./` when the source contains it. */
async function withParents(
  operation: CopyOperation,
  source: string,
  tree: SourceTree,
  exclude: PatternMatcher | undefined,
): Promise<Item[]> {
  const pivot = source.indexOf('/./');
  const base = pivot === -1 ? '' : posix.join('/', source.slice(0, pivot)).slice(1);
  const entries: { below: string; entry: SourceEntry }[] = [];
  for (const path of await matchingPaths(operation, source, tree)) {
    for (const directory of directoriesAbove(path, base)) {
      const entry = tree.entry(directory);
      if (entry) entries.push({ below: posix.relative(base, directory), entry });
    }
    const found = await tree.find(path);
    if (!found) throw missing(operation, source);
    for (const entry of await tree.walk(found.path, exclude)) {
      const below = posix.join(path, posix.relative(found.path, entry.path));
      entries.push({ below: posix.relative(base, below), entry });
    }
  }
  const seen = new Set<string>();
  const unique = entries.filter(({ below }) => below !== '' && !seen.has(below) && seen.add(below));
  return [{ kind: 'directory', entries: unique }];
}

function directoriesAbove(path: string, base: string): string[] {
  const directories: string[] = [];
  for (
    let directory = posix.dirname(path);
    directory !== '.' && directory !== base;
    directory = posix.dirname(directory)
  ) {
    directories.unshift(directory);
  }
  return directories;
}

async function matchingPaths(operation: CopyOperation, source: string, tree: SourceTree): Promise<string[]> {
  if (/[*?[]/.test(source)) return await tree.glob(source);
  const found = await tree.find(source);
  if (!found) throw missing(operation, source);
  return [posix.join('/', source).slice(1).replace(/\/$/, '')];
}

function missing(operation: CopyOperation, source: string): Error {
  const where =
    operation.from.kind === 'context' ? 'file not found in build context or excluded by .dockerignore: ' : '';
  return notFound(`${operation.verb} failed: ${where}stat ${source}: file does not exist`);
}

function documentItem(name: string, text: string): FileItem {
  const entry: SourceEntry = {
    path: name,
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: new Date(0),
    size: Buffer.byteLength(text),
    content: { kind: 'text', text },
  };
  return { kind: 'file', name: posix.basename(name), entry };
}

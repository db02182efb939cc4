import { type EventEmitter, once } from 'node:events';
import { createReadStream, lstatSync, readFileSync, type Stats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Header, type Pack, pack } from 'tar-stream';
import { failsElsewhere } from '../../core/streams.ts';
import { deviceNumbers } from '../copy/node.ts';
import type { ContextFilter } from './ignore.ts';

/** Files up to this size are read in one piece. Bytes. */
const SMALL = 64 * 1024;
const ROOT = { uid: 0, gid: 0 };
const EVERYTHING: ContextFilter = { ignores: () => false, prunesDirectories: true };

/** A file to add to the context under another name. */
export interface ExtraFile {
  readonly name: string;
  readonly content: Buffer;
}

/**
 * Packs a build context as a tar while reading it: files in the order of their names, owned by root, without sockets.
 * It buffers no more than one read.
 */
export function packContext(
  directory: string,
  filter: ContextFilter,
  extra: readonly ExtraFile[],
): AsyncIterable<Uint8Array> {
  const tar = pack();
  const fill = async () => {
    await addDirectory(tar, directory, '', filter);
    for (const { name, content } of extra) addFile(tar, name, content);
    tar.finalize();
  };
  fill().catch((error: Error) => tar.destroy(error));
  return chunksOf(tar);
}

/** A file or directory as a tar in which it is called `name`, with its owners. `.` stands for a directory's contents. */
export function packPath(path: string, name: string): AsyncIterable<Uint8Array> {
  const tar = pack();
  const fill = async () => {
    const stats = await lstat(path);
    await addEntry(tar, path, name, stats, true);
    if (stats.isDirectory()) await addDirectory(tar, path, '', EVERYTHING, name);
    tar.finalize();
  };
  fill().catch((error: Error) => tar.destroy(error));
  return chunksOf(tar);
}

/** These entries of a directory, in this order, without those removed meanwhile. */
export function packEntries(directory: string, paths: readonly string[]): AsyncIterable<Uint8Array> {
  const tar = pack();
  const fill = async () => {
    for (const path of paths) {
      const stats = lstatSync(join(directory, path), { throwIfNoEntry: false });
      if (stats) await addEntry(tar, join(directory, path), path, stats);
    }
    tar.finalize();
  };
  fill().catch((error: Error) => tar.destroy(error));
  return chunksOf(tar);
}

/** A context of only these files. */
export function packFiles(files: readonly ExtraFile[]): AsyncIterable<Uint8Array> {
  const tar = pack();
  for (const { name, content } of files) addFile(tar, name, content);
  tar.finalize();
  return chunksOf(tar);
}

function addFile(tar: Pack, name: string, content: Buffer): void {
  tar.entry({ name, mode: 0o600, mtime: new Date(0), uid: 0, gid: 0 }, content);
}

/** @param under the directory's name in the archive; when given, owners are kept */
async function addDirectory(
  tar: Pack,
  root: string,
  directory: string,
  filter: ContextFilter,
  under?: string,
): Promise<void> {
  const names = (await readdir(join(root, directory))).sort();
  for (const name of names) {
    const path = directory === '' ? name : `${directory}/${name}`;
    const stats = await lstat(join(root, path));
    const ignored = filter.ignores(path);
    const archived = under === undefined ? path : `${under}/${path}`;
    if (!ignored) await addEntry(tar, join(root, path), archived, stats, under !== undefined);
    if (stats.isDirectory() && !(ignored && filter.prunesDirectories))
      await addDirectory(tar, root, path, filter, under);
  }
}

async function addEntry(tar: Pack, path: string, name: string, stats: Stats, owners = false): Promise<void> {
  const { uid, gid } = owners ? stats : ROOT;
  const common: Partial<Header> & { readonly name: string } = {
    name,
    mode: stats.mode & 0o7777,
    mtime: stats.mtime,
    uid,
    gid,
  };
  if (stats.isDirectory()) tar.entry({ ...common, name: `${name}/`, type: 'directory' });
  else if (stats.isSymbolicLink()) {
    tar.entry({ ...common, type: 'symlink', linkname: await readlink(path) });
  } else if (stats.isFIFO()) tar.entry({ ...common, type: 'fifo' });
  else if (stats.isCharacterDevice() || stats.isBlockDevice()) {
    const type = stats.isBlockDevice() ? 'block-device' : 'character-device';
    tar.entry({ ...common, type, ...deviceNumbers(stats.rdev) });
  } else if (stats.isFile()) {
    await addContent(tar, { ...common, type: 'file', size: stats.size }, path);
  }
}

/** The header states the size before the content, so a file that grows meanwhile is truncated to it. */
async function addContent(
  tar: Pack,
  header: Partial<Header> & { name: string; size: number },
  path: string,
): Promise<void> {
  if (header.size === 0) {
    tar.entry(header, '');
    return;
  }
  if (header.size <= SMALL) {
    const content = readFileSync(path).subarray(0, header.size);
    await new Promise<void>((resolve, reject) => {
      const end = (error?: Error | null) => (error ? reject(error) : resolve());
      failsElsewhere(tar.entry({ ...header, size: content.length }, content, end));
    });
    return;
  }
  const written = Promise.withResolvers<void>();
  const entry = tar.entry(header, (error) => (error ? written.reject(error) : written.resolve()));
  failsElsewhere(entry);
  for await (const chunk of createReadStream(path, { end: header.size - 1 })) {
    if (!entry.write(chunk))
      await Promise.race([once(entry as unknown as EventEmitter, 'drain'), written.promise]);
  }
  entry.end(null);
  await written.promise;
}

/** The packer's type does not declare that `for await` can read its bytes. */
function chunksOf(tar: Pack): AsyncIterable<Uint8Array> {
  return tar as unknown as AsyncIterable<Uint8Array>;
}

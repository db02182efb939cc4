import { createWriteStream } from 'node:fs';
import { chmod, chown, link, lstat, mkdir, rm, symlink, utimes } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import { errnoOf, invalidParameter } from '../../core/errors.ts';
import { isNode, makeNode } from './node.ts';

export interface ExtractOptions {
  /** Where the archive's first path part goes: `{from: 'etc', to: 'copy'}`; the part itself when the same. */
  readonly rename?: { readonly from: string; readonly to: string };
  /** Set user and group ids as archived. */
  readonly owners: boolean;
}

/**
 * Unpacks a tar below `folder`. Entries that would leave it, by `..`, an absolute name or a link that an earlier
 * entry made, are refused.
 */
export async function extractInto(
  folder: string,
  tar: AsyncIterable<Uint8Array>,
  options: ExtractOptions,
): Promise<void> {
  const unpack = extract();
  const feeding = feed(tar, unpack as unknown as NodeJS.WritableStream);
  for await (const entry of unpack) {
    const name = targetName(entry.header.name, options);
    await checkParents(folder, name);
    const content = entry as unknown as AsyncIterable<Uint8Array>;
    await writeEntry(folder, name, entry.header, content, options);
  }
  await feeding;
}

async function feed(tar: AsyncIterable<Uint8Array>, unpack: NodeJS.WritableStream): Promise<void> {
  await pipeline(Readable.from(tar), unpack);
}

function targetName(archived: string, { rename }: ExtractOptions): string {
  const name = normalize(archived).replace(/\/+$/, '');
  if (name.startsWith('/') || name === '..' || name.startsWith('../')) {
    throw invalidParameter(`the archive holds the path ${JSON.stringify(archived)}, which leads out of it`);
  }
  if (!rename) return name;
  const [first = '', ...rest] = name.split('/');
  return [first === rename.from ? rename.to : first, ...rest].join('/');
}

/** Every folder on the way must be a folder, not a link to elsewhere. */
async function checkParents(root: string, name: string): Promise<void> {
  const parts = name.split('/').slice(0, -1);
  let path = root;
  for (const part of parts) {
    path = join(path, part);
    const stats = await lstatIfThere(path);
    if (!stats) await mkdir(path);
    else if (!stats.isDirectory()) throw invalidParameter(`cannot copy below ${path}: it is not a folder`);
  }
}

async function writeEntry(
  root: string,
  name: string,
  header: Header,
  content: AsyncIterable<Uint8Array>,
  { owners, rename }: ExtractOptions,
): Promise<void> {
  const path = join(root, name);
  const there = await lstatIfThere(path);
  if (header.type === 'directory') {
    if (there && !there.isDirectory())
      throw invalidParameter(`cannot overwrite non-directory ${path} with a directory`);
    if (!there) await mkdir(path, { recursive: true });
  } else {
    if (there?.isDirectory())
      throw invalidParameter(`cannot overwrite directory ${path} with a non-directory`);
    if (there) await rm(path);
    if (header.type === 'symlink') return symlink(header.linkname, path);
    if (header.type === 'link') {
      const target = targetName(header.linkname, { owners, ...(rename ? { rename } : {}) });
      await checkParents(root, target);
      return link(join(root, target), path);
    }
    if (isNode(header.type)) await makeNode(path, header);
    else if (header.type === 'file' || header.type === 'contiguous-file') {
      await pipeline(content, createWriteStream(path, { flags: 'wx' }));
    } else return;
  }
  if (owners) await chown(path, header.uid, header.gid);
  await chmod(path, header.mode & 0o7777);
  await utimes(path, header.mtime, header.mtime);
}

async function lstatIfThere(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

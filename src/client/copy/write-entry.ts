import {
  closeSync,
  constants,
  createWriteStream,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Header } from 'tar-stream';
import { invalidParameter } from '../../core/errors.ts';
import { Beneath, type Spot } from '../output/beneath.ts';
import { isNode, makeNode } from './node.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

export interface EntryOptions {
  /** The path below the root for a name in the archive. */
  readonly place: (archived: string) => string;
  readonly owners: boolean;
}

/** The attributes to set on a directory after its contents are written. */
export interface MadeDirectory {
  readonly mode: number;
  readonly mtime: Date | undefined;
}

/** Writes one entry of an archive. Whatever is at the path of a file or link is removed first. */
export async function writeEntry(
  root: Beneath,
  header: Header,
  content: AsyncIterable<Uint8Array>,
  options: EntryOptions & { readonly made: Map<string, MadeDirectory> },
): Promise<void> {
  const name = options.place(header.name);
  if (header.type === 'directory') return writeDirectory(root, name, header, options);
  const target = header.type === 'link' ? options.place(header.linkname ?? '') : '';
  if (target !== '') assertThere(root, target);
  const spot = makeRoom(root, name);
  switch (header.type) {
    case 'symlink':
      symlinkSync(header.linkname ?? '', spot.path);
      return finishLink(spot, header, options.owners);
    case 'link':
      return linkFile(root, target, name);
    case 'file':
    case 'contiguous-file':
      return await writeFile(spot, header, content, options.owners);
    default:
      if (!isNode(header.type)) return;
      await makeNode(spot, header);
      finishLink(spot, header, options.owners);
  }
}

function writeDirectory(
  root: Beneath,
  name: string,
  header: Header,
  { owners, made }: EntryOptions & { readonly made: Map<string, MadeDirectory> },
): void {
  const spot = root.at(name);
  const there = Beneath.look(spot);
  if (there && !there.isDirectory()) {
    throw invalidParameter(`cannot overwrite non-directory ${root.root}/${name} with a directory`);
  }
  if (!there) mkdirSync(spot.path, 0o700);
  const directory = openDirectory(spot);
  try {
    if (owners) fchownSync(directory, header.uid ?? 0, header.gid ?? 0);
  } finally {
    closeSync(directory);
  }
  made.delete(name);
  made.set(name, { mode: (header.mode ?? 0o755) & 0o7777, mtime: header.mtime });
}

/** Sets modes and times of directories, the innermost first, because some modes forbid writing into the directory. */
export function finishDirectories(root: Beneath, made: ReadonlyMap<string, MadeDirectory>): void {
  for (const [name, { mode, mtime }] of [...made].sort(([a], [b]) => (a < b ? 1 : -1))) {
    const directory = openDirectory(root.at(name));
    try {
      fchmodSync(directory, mode);
      if (mtime) futimesSync(directory, mtime, mtime);
    } finally {
      closeSync(directory);
    }
  }
}

/** A name such as `.` stands for the directory that is open already. */
const openDirectory = ({ path }: Spot) => openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

/** Removes whatever is at the path of a new file. */
function makeRoom(root: Beneath, name: string): Spot {
  const spot = root.at(name);
  const there = Beneath.look(spot);
  if (there?.isDirectory()) {
    throw invalidParameter(`cannot overwrite directory ${root.root}/${name} with a non-directory`);
  }
  if (there) rmSync(spot.path);
  return spot;
}

/** Only the user may read the file while it grows, so its mode is set last. */
async function writeFile(
  spot: Spot,
  header: Header,
  content: AsyncIterable<Uint8Array>,
  owners: boolean,
): Promise<void> {
  const file = openSync(spot.path, 'wx', 0o600);
  try {
    await pipeline(content, createWriteStream('', { fd: file, autoClose: false }));
    if (owners) fchownSync(file, header.uid ?? 0, header.gid ?? 0);
    fchmodSync(file, (header.mode ?? 0o644) & 0o7777);
    if (header.mtime) futimesSync(file, header.mtime, header.mtime);
  } finally {
    closeSync(file);
  }
}

function assertThere(root: Beneath, target: string): void {
  const there = Beneath.look(root.at(target));
  if (!there || there.isDirectory()) {
    throw invalidParameter(
      `the archive contains a hard link to ${root.root}/${target}, which is not one of its files`,
    );
  }
}

/** Keeps the directory of the target open while resolving that of the new name. */
function linkFile(root: Beneath, target: string, name: string): void {
  using other = new Beneath(root.root);
  linkSync(other.at(target).path, root.at(name).path);
}

function finishLink(spot: Spot, header: Header, owners: boolean): void {
  if (owners) lchownSync(spot.path, header.uid ?? 0, header.gid ?? 0);
  if (header.mtime) lutimesSync(spot.path, header.mtime, header.mtime);
}

import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { extract, type Header } from 'tar-stream';
import { BargeError, invalidParameter, messageOf } from '../../core/errors.ts';
import { failsElsewhere } from '../../core/streams.ts';

/** Maximum number of files and links in an archive of images. */
const MAX_ENTRIES = 100_000;
/** Maximum characters of a name. */
const MAX_NAME = 4096;

/** A file of an archive of images; its content must be read before the next one is requested. */
export interface ArchiveFile {
  /** Relative, without `.` and `..`. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly content: AsyncIterable<Buffer>;
}

interface ArchiveLink {
  readonly name: string;
  /** The link's target, as a name in this archive. */
  readonly target: string;
}

/**
 * The files and links of a tar in order. Directories are skipped.
 * @throws BargeError invalid-parameter for names that leave the archive, duplicate names, kinds of files that
 *   do not belong in an archive of images, and a tar that is broken or ends early.
 */
export async function* archiveEntries(tar: Readable): AsyncGenerator<ArchiveFile | ArchiveLink> {
  const archive = failsElsewhere(extract());
  tar.on('error', (error) => archive.destroy(error));
  tar.pipe(archive);
  const seen = new Set<string>();
  try {
    for await (const entry of archive) {
      const { header } = entry as unknown as { header: Header };
      const known = header.type === 'directory' ? undefined : described(header, seen);
      if (known && 'target' in known) yield known;
      else if (known) yield { ...known, content: contentOf(entry as unknown as AsyncIterable<Buffer>, tar) };
      entry.resume();
    }
  } catch (error) {
    throw reasonOf(error, tar);
  } finally {
    tar.destroy();
  }
}

async function* contentOf(entry: AsyncIterable<Buffer>, tar: Readable): AsyncGenerator<Buffer> {
  try {
    yield* entry;
  } catch (error) {
    throw reasonOf(error, tar);
  }
}

/** The source's own failure says more than the resulting failure of reading the tar. */
function reasonOf(error: unknown, tar: Readable): unknown {
  if (tar.errored) return tar.errored;
  if (error instanceof BargeError) return error;
  return invalidParameter(`the archive is broken: ${messageOf(error)}`, { cause: error });
}

function described(header: Header, seen: Set<string>): Omit<ArchiveFile, 'content'> | ArchiveLink {
  const name = nameInside(header.name, header.name);
  if (seen.has(name)) throw invalidParameter(`the archive contains "${name}" twice`);
  if (seen.size >= MAX_ENTRIES) throw invalidParameter(`the archive has more than ${MAX_ENTRIES} files`);
  seen.add(name);
  const { type = 'file', linkname = '' } = header;
  if (type === 'file' || type === 'contiguous-file') return { name, size: header.size ?? 0 };
  if (type === 'link') return { name, target: nameInside(linkname, name) };
  if (type === 'symlink') {
    if (linkname.startsWith('/')) throw invalidParameter(`"${name}" is a link that leads out of the archive`);
    return { name, target: nameInside(posix.join(posix.dirname(name), linkname), name) };
  }
  throw invalidParameter(`"${name}" is a ${type}: an archive of images has files, directories and links`);
}

/** @param of the entry's name, for the message. */
export function nameInside(path: string, of: string): string {
  if (path.length > MAX_NAME) {
    throw invalidParameter(`the archive has a name of ${path.length} characters: "${path.slice(0, 100)}…"`);
  }
  const clean = posix.normalize(path).replace(/^\.\//, '').replace(/\/$/, '');
  if (clean.startsWith('/') || clean === '..' || clean.startsWith('../') || clean.includes('\0')) {
    throw invalidParameter(`"${of}" leads out of the archive`);
  }
  return clean;
}

import { normalize } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { invalidParameter } from '../../core/errors.ts';
import { trimEndOf } from '../../core/trim.ts';
import { Beneath } from '../output/beneath.ts';
import { type EntryOptions, finishDirectories, type MadeDirectory, writeEntry } from './write-entry.ts';

interface ExtractOptions {
  /** Renames the first path component, `{from: 'etc', to: 'copy'}`; entries with another one are rejected. */
  readonly rename?: { readonly from: string; readonly to: string };
  /** Unpacks into this subdirectory. */
  readonly below?: string;
  /** Set user and group ids as archived. */
  readonly owners: boolean;
}

/**
 * Unpacks a tar below `directory`. Entries that would leave it are rejected, whether by `..`, an absolute name, or a
 * link from an earlier entry or from before. Existing files are replaced, never written to.
 */
export async function extractInto(
  directory: string,
  tar: AsyncIterable<Uint8Array>,
  options: ExtractOptions,
): Promise<void> {
  using root = new Beneath(directory);
  const unpack = extract();
  const feeding = feed(tar, unpack as unknown as NodeJS.WritableStream);
  feeding.catch(() => {});
  const made = new Map<string, MadeDirectory>();
  const entryOptions: EntryOptions = { owners: options.owners, place: (name) => targetName(name, options) };
  try {
    for await (const entry of unpack) {
      const content = entry as unknown as AsyncIterable<Uint8Array>;
      await writeEntry(root, entry.header, content, { ...entryOptions, made });
    }
    await feeding;
  } catch (error) {
    unpack.destroy();
    await feeding.catch(() => {});
    throw error;
  }
  finishDirectories(root, made);
}

async function feed(tar: AsyncIterable<Uint8Array>, unpack: NodeJS.WritableStream): Promise<void> {
  await pipeline(Readable.from(tar), unpack);
}

/** A name in an archive as a path below a directory; `.` is the directory. @throws BargeError invalid-parameter. */
export function entryName(archived: string): string {
  const name = trimEndOf(normalize(archived), '/');
  if (name === '' || name.startsWith('/') || name === '..' || name.startsWith('../')) {
    throw invalidParameter(
      `the archive contains the path ${JSON.stringify(archived)}, which leads out of the target directory`,
    );
  }
  return name;
}

function targetName(archived: string, { rename, below }: ExtractOptions): string {
  const name = entryName(archived);
  const [first = '', ...rest] = name.split('/');
  if (rename && rename.from !== '.' && first !== rename.from) {
    throw invalidParameter(`the archive contains ${JSON.stringify(archived)}, which was not requested`);
  }
  const renamed = rename ? [first === rename.from ? rename.to : first, ...rest].join('/') : name;
  return below ? trimEndOf(normalize(`${below}/${renamed}`), '/') : renamed;
}

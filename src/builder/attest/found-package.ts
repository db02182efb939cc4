import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveInRoot } from '../copy/rooted.ts';

/** A piece of software that was found in a root file system. */
export interface FoundPackage {
  readonly name: string;
  readonly version: string;
  /** As package-url has it: deb, apk, npm, pypi, gem. */
  readonly type: string;
  /** The distribution, for those that have one. */
  readonly namespace?: string;
  readonly architecture?: string;
  readonly license?: string;
  /** The file that tells of it. */
  readonly source: string;
}

/** Bytes of a file that is read for this. */
const MAX_FILE = 64 << 20;

/** Reads a file of a root file system, whose links stay within it; undefined when there is none. */
export async function readInside(root: string, path: string): Promise<string | undefined> {
  const found = await resolveInRoot(root, path).catch(() => undefined);
  if (!found?.stats.isFile()) return undefined;
  const file = join(root, found.path);
  return (await stat(file)).size > MAX_FILE ? undefined : await readFile(file, 'utf8');
}

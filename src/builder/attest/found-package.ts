import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveInRoot } from '../copy/rooted.ts';

/** A software package found in a root file system. */
export interface FoundPackage {
  readonly name: string;
  readonly version: string;
  /** The type in package-url's terms: deb, apk, npm, pypi, gem. */
  readonly type: string;
  /** The distribution, for packages that have one. */
  readonly namespace?: string;
  readonly architecture?: string;
  readonly license?: string;
  /** The file that describes it. */
  readonly source: string;
}

/** The largest file that is read for this, in bytes. */
const MAX_FILE = 64 << 20;

/** Reads a file of a root file system, resolving links within it; undefined when it does not exist. */
export async function readInside(root: string, path: string): Promise<string | undefined> {
  const found = await resolveInRoot(root, path).catch(() => undefined);
  if (!found?.stats.isFile()) return undefined;
  const file = join(root, found.path);
  return (await stat(file)).size > MAX_FILE ? undefined : await readFile(file, 'utf8');
}

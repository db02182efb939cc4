import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Siblings of the layers directory. The empty one gives an overlay without an upper directory the two lower ones that it needs. */
export const EMPTY_DIRECTORY = '../empty';
export const INIT_DIRECTORY = '../init';
const INIT_DIRECTORIES = ['dev', 'dev/pts', 'dev/shm', 'etc', 'proc', 'sys'];
const INIT_FILES = ['.dockerenv', 'dev/console', 'etc/hostname', 'etc/hosts', 'etc/resolv.conf'];

/**
 * The minimum content of every container: mount points and the files that Barge mounts over. As the lowest layer,
 * the image overrides it, and it keeps them out of the container's changes.
 */
export async function makeLowestDirectories(root: string): Promise<void> {
  const init = join(root, INIT_DIRECTORY);
  await mkdir(join(root, EMPTY_DIRECTORY), { recursive: true });
  for (const name of INIT_DIRECTORIES) await mkdir(join(init, name), { recursive: true });
  for (const name of INIT_FILES) await writeFile(join(init, name), '', { mode: 0o755 });
}

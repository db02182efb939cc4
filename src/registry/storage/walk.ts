import { type Digest, isDigest } from '../../core/digest.ts';
import { BLOBS, repositoryDirectory } from './layout.ts';
import type { ObjectStore } from './objects.ts';

type Listing = Pick<ObjectStore, 'list'>;

/** Objects of a directory `<algorithm>/<hex>`, as digests. */
export async function digestsIn(objects: Listing, directory: string): Promise<Digest[]> {
  const found: Digest[] = [];
  for (const { name: algorithm, isDirectory } of await objects.list(directory)) {
    if (!isDirectory) continue;
    for (const { name } of await objects.list(`${directory}/${algorithm}`)) {
      const digest = `${algorithm}:${name}`;
      if (isDigest(digest)) found.push(digest);
    }
  }
  return found;
}

/** All stored content, regardless of its owners. */
export async function* storedContent(objects: Listing): AsyncGenerator<Digest> {
  for (const { name: algorithm } of await objects.list(BLOBS)) {
    for (const { name: prefix } of await objects.list(`${BLOBS}/${algorithm}`)) {
      for (const { name } of await objects.list(`${BLOBS}/${algorithm}/${prefix}`)) {
        const digest = `${algorithm}:${name}`;
        if (isDigest(digest)) yield digest;
      }
    }
  }
}

/**
 * Names of all repositories with any stored data, with or without manifests, in byte order.
 * @param below only those under this name.
 */
export async function repositoryNames(objects: Listing, below = ''): Promise<string[]> {
  const found: string[] = [];
  const look = async (name: string): Promise<void> => {
    const directories = (await objects.list(repositoryDirectory(name))).filter((entry) => entry.isDirectory);
    if (name && directories.some((entry) => entry.name.startsWith('_'))) found.push(name);
    for (const entry of directories) {
      if (!entry.name.startsWith('_')) await look(name ? `${name}/${entry.name}` : entry.name);
    }
  };
  await look(below);
  return found.sort();
}

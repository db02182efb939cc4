import { type Digest, isDigest } from '../../core/digest.ts';
import { BLOBS, repositoryFolder } from './layout.ts';
import type { ObjectStore } from './objects.ts';

type Listing = Pick<ObjectStore, 'list'>;

/** Objects of a folder `<algorithm>/<hex>`, as digests. */
export async function digestsIn(objects: Listing, folder: string): Promise<Digest[]> {
  const found: Digest[] = [];
  for (const { name: algorithm, isFolder } of await objects.list(folder)) {
    if (!isFolder) continue;
    for (const { name } of await objects.list(`${folder}/${algorithm}`)) {
      const digest = `${algorithm}:${name}`;
      if (isDigest(digest)) found.push(digest);
    }
  }
  return found;
}

/** Every content that is stored, whoever owns it. */
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
 * Names of every repository of which something is stored, with or without manifests, in byte order.
 * @param below only those under this name.
 */
export async function repositoryNames(objects: Listing, below = ''): Promise<string[]> {
  const found: string[] = [];
  const look = async (name: string): Promise<void> => {
    const folders = (await objects.list(repositoryFolder(name))).filter((entry) => entry.isFolder);
    if (name && folders.some((entry) => entry.name.startsWith('_'))) found.push(name);
    for (const entry of folders) {
      if (!entry.name.startsWith('_')) await look(name ? `${name}/${entry.name}` : entry.name);
    }
  };
  await look(below);
  return found.sort();
}

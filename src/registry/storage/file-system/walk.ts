import { join } from 'node:path';
import { type Digest, isDigest } from '../../../core/digest.ts';
import { entriesOf } from './files.ts';
import type { Layout } from './layout.ts';

/** Files of a folder `<algorithm>/<hex>`, as digests; temporary files are left out. */
export async function digestsIn(folder: string): Promise<Digest[]> {
  const found: Digest[] = [];
  for (const { name: algorithm } of await entriesOf(folder)) {
    for (const { name } of await entriesOf(join(folder, algorithm))) {
      const digest = `${algorithm}:${name}`;
      if (isDigest(digest)) found.push(digest);
    }
  }
  return found;
}

/** Every content that is stored, whoever owns it. */
export async function* storedContent(layout: Layout): AsyncGenerator<Digest> {
  for (const { name: algorithm } of await entriesOf(layout.blobs)) {
    for (const { name: prefix } of await entriesOf(join(layout.blobs, algorithm))) {
      for (const { name } of await entriesOf(join(layout.blobs, algorithm, prefix))) {
        const digest = `${algorithm}:${name}`;
        if (isDigest(digest)) yield digest;
      }
    }
  }
}

/** Names of every repository that has a folder of its own, with or without manifests, in byte order. @param below only those under this name. */
export async function repositoryNames(layout: Layout, below = ''): Promise<string[]> {
  const found: string[] = [];
  const look = async (name: string): Promise<void> => {
    const entries = (await entriesOf(layout.repository(name))).filter((entry) => entry.isDirectory());
    if (name && entries.some((entry) => entry.name.startsWith('_'))) found.push(name);
    for (const entry of entries) if (!entry.name.startsWith('_')) await look(join(name, entry.name));
  };
  await look(below);
  return found.sort();
}

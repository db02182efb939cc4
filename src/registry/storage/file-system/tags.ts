import { type Digest, parseDigest } from '../../../core/digest.ts';
import { isTag } from '../../../core/reference.ts';
import type { TagStorage } from '../storage.ts';
import { entriesOf, exists, readIfPresent, removeDurably, writeInFolder } from './files.ts';
import type { Layout } from './layout.ts';

export class FileTags implements TagStorage {
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  async list(repository: string): Promise<string[] | undefined> {
    if (!(await exists(this.#layout.manifests(repository)))) return undefined;
    const entries = await entriesOf(this.#layout.tags(repository));
    return entries
      .map((entry) => entry.name)
      .filter(isTag)
      .sort();
  }

  async resolve(repository: string, tag: string): Promise<Digest | undefined> {
    const text = await readIfPresent(this.#layout.tag(repository, tag));
    return text === undefined ? undefined : parseDigest(text);
  }

  set(repository: string, tag: string, digest: Digest): Promise<void> {
    return writeInFolder(this.#layout.tag(repository, tag), digest);
  }

  remove(repository: string, tag: string): Promise<boolean> {
    return removeDurably(this.#layout.tag(repository, tag));
  }
}

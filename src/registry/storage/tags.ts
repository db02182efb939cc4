import { type Digest, parseDigest } from '../../core/digest.ts';
import { isTag } from '../../core/reference.ts';
import { blobLinks, manifestRecords, tagDirectory, tagKey } from './layout.ts';
import type { Locks } from './locks.ts';
import type { ObjectStore } from './objects.ts';
import type { TagStorage } from './storage.ts';

export class Tags implements TagStorage {
  readonly #objects: ObjectStore;
  readonly #locks: Locks;

  constructor(objects: ObjectStore, locks: Locks) {
    this.#objects = objects;
    this.#locks = locks;
  }

  async list(repository: string): Promise<string[] | undefined> {
    const entries = await this.#objects.list(tagDirectory(repository));
    const tags = entries.map((entry) => entry.name).filter(isTag);
    return tags.length > 0 || (await this.#isKnown(repository)) ? tags.sort() : undefined;
  }

  /** A repository exists as long as any of its content does. */
  async #isKnown(repository: string): Promise<boolean> {
    const directories = [manifestRecords(repository), blobLinks(repository)];
    for (const directory of directories) if (await this.#objects.holds(directory)) return true;
    return false;
  }

  async resolve(repository: string, tag: string): Promise<Digest | undefined> {
    const text = await this.#objects.load(tagKey(repository, tag));
    return text === undefined ? undefined : parseDigest(text.toString());
  }

  async setAt(repository: string, tag: string): Promise<number | undefined> {
    return (await this.#objects.stat(tagKey(repository, tag)))?.modified;
  }

  async set(repository: string, tag: string, digest: Digest): Promise<void> {
    await this.#alone(repository, tag, () => this.#objects.save(tagKey(repository, tag), digest));
  }

  async claim(repository: string, tag: string, digest: Digest): Promise<Digest> {
    return await this.#alone(repository, tag, async () => {
      const present = await this.resolve(repository, tag);
      if (present === undefined) await this.#objects.save(tagKey(repository, tag), digest);
      return present ?? digest;
    });
  }

  async remove(repository: string, tag: string, setBefore = Number.POSITIVE_INFINITY): Promise<boolean> {
    return await this.#alone(repository, tag, async () => {
      const at = await this.setAt(repository, tag);
      return at !== undefined && at < setBefore && (await this.#objects.remove(tagKey(repository, tag)));
    });
  }

  #alone<T>(repository: string, tag: string, action: () => Promise<T>): Promise<T> {
    return this.#locks.run(`tag ${repository}:${tag}`, action);
  }
}

import type { Descriptor } from '../../api/oci-image.ts';
import { type Digest, isDigest } from '../../core/digest.ts';
import { manifestRecord, referrerDirectory, referrerKey } from './layout.ts';
import type { ObjectStore } from './objects.ts';
import type { ReferrerStorage } from './storage.ts';

export class Referrers implements ReferrerStorage {
  readonly #objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  async *list(repository: string, subject: Digest, last = ''): AsyncGenerator<Descriptor> {
    const entries = await this.#objects.list(referrerDirectory(repository, subject));
    const digests = entries
      .map((entry) => entry.name)
      .filter(isDigest)
      .sort();
    for (const digest of digests) {
      if (digest <= last) continue;
      if (!(await this.#objects.stat(manifestRecord(repository, digest)))) continue;
      const text = await this.#objects.load(referrerKey(repository, subject, digest));
      if (text !== undefined) yield JSON.parse(text.toString()) as Descriptor;
    }
  }
}

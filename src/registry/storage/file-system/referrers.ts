import { type Digest, isDigest } from '../../../core/digest.ts';
import type { Descriptor } from '../../../spec/oci-image.ts';
import type { ReferrerStorage } from '../storage.ts';
import { entriesOf, exists, readIfPresent } from './files.ts';
import type { Layout } from './layout.ts';

export class FileReferrers implements ReferrerStorage {
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  async *list(repository: string, subject: Digest, last = ''): AsyncGenerator<Descriptor> {
    const entries = await entriesOf(this.#layout.referrers(repository, subject));
    const digests = entries
      .map((entry) => entry.name)
      .filter(isDigest)
      .sort();
    for (const digest of digests) {
      if (digest <= last) continue;
      if (!(await exists(this.#layout.manifest(repository, digest)))) continue;
      const text = await readIfPresent(this.#layout.referrer(repository, subject, digest));
      if (text !== undefined) yield JSON.parse(text) as Descriptor;
    }
  }
}

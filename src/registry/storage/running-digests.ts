import { algorithmOf, type Digest, Digester } from '../../core/digest.ts';

const MAX_KEPT = 4096;

/**
 * Digests of uploads under way, so that the last request need not read again what the earlier ones brought. An
 * upload that this process has not seen from its first byte on has none, nor has one whose digest is to be of
 * another algorithm than sha256, which clients use unless they say otherwise at the end.
 */
export class RunningDigests {
  readonly #kept = new Map<string, Digester>();

  /** What has seen the `offset` first bytes of the upload, for a request that brings more of them. */
  take(id: string, offset: number): Digester | undefined {
    const digester = offset === 0 ? new Digester() : this.#kept.get(id);
    this.#kept.delete(id);
    return digester?.size === offset ? digester : undefined;
  }

  /** Like `take`, for the request that ends the upload with `digest`. */
  takeFor(id: string, offset: number, digest: Digest): Digester | undefined {
    const digester = this.take(id, offset);
    if (algorithmOf(digest) === 'sha256') return digester;
    return offset === 0 ? new Digester(algorithmOf(digest)) : undefined;
  }

  keep(id: string, digester: Digester | undefined): void {
    if (!digester) return;
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(id, digester);
  }
}

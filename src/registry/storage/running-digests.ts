import { algorithmOf, type Digest, Digester } from '../../core/digest.ts';

const MAX_KEPT = 4096;

/**
 * Running digests of uploads, so that the last request need not reread the bytes of earlier ones. An
 * upload that this process has not received from its first byte has none, nor has one whose digest uses
 * an algorithm other than sha256, which clients specify only at the end.
 */
export class RunningDigests {
  readonly #kept = new Map<string, Digester>();

  /** The digester of the upload's first `offset` bytes, for a request with more bytes. */
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

import type { Readable } from 'node:stream';
import type { Descriptor } from '../../api/oci-image.ts';
import type { Digest } from '../../core/digest.ts';
import type { Reference } from '../../core/reference.ts';
import { fetchBlob } from './fetch-blob.ts';
import { type FetchedManifest, fetchManifest, resolveManifest } from './fetch-manifest.ts';
import { hasBlob } from './has-blob.ts';
import { listTags } from './list-tags.ts';
import { putManifest } from './put-manifest.ts';
import type { RemoteOptions } from './remote-options.ts';
import type { RepositoryContext } from './repository-context.ts';
import { RegistrySession } from './session.ts';
import { type UploadOptions, type UploadOutcome, uploadBlob } from './upload-blob.ts';

/**
 * One repository at one registry (OCI distribution spec 1.1). Connections and tokens are shared by all its
 * requests; dispose it to close them. Every method fails with a BargeError in Docker's words: not-found,
 * unauthorized, forbidden (push), unavailable, data-loss or cancelled.
 */
export class RemoteRepository implements Disposable {
  readonly #context: RepositoryContext;
  readonly #ended = new AbortController();
  #asked: AbortSignal | undefined;
  #holds = 0;
  #isDisposed = false;

  /** Sends no request yet. The reference's tag and digest are ignored. */
  constructor(reference: Pick<Reference, 'domain' | 'path'>, options: RemoteOptions = {}) {
    const own = { ...options, signal: this.#ended.signal };
    this.#context = { session: new RegistrySession(reference.domain, own), options: own, reference };
    const { signal } = options;
    if (!signal) return;
    this.#asked = signal;
    signal.addEventListener('abort', this.#endUnlessHeld);
    this.#endUnlessHeld();
  }

  /** For shared work: neither the signal nor `dispose` ends anything before the hold is released. */
  hold(): Disposable {
    this.#holds++;
    return {
      [Symbol.dispose]: () => {
        this.#holds--;
        this.#endUnlessHeld();
      },
    };
  }

  readonly #endUnlessHeld = () => {
    if (this.#holds > 0) return;
    if (this.#asked?.aborted) this.#ended.abort(this.#asked.reason);
    if (this.#isDisposed) this.#context.session[Symbol.dispose]();
  };

  /** The descriptor of a tag or digest, without fetching the manifest where possible. */
  resolve(tagOrDigest: string): Promise<Descriptor> {
    return resolveManifest(this.#context, tagOrDigest);
  }

  /** A manifest of up to 4 MiB, verified. */
  manifest(tagOrDigest: string): Promise<FetchedManifest> {
    return fetchManifest(this.#context, tagOrDigest);
  }

  /**
   * A stream that fails (data-loss) when size or digest do not match; until it ends, its bytes must not be
   * trusted. It survives broken connections, and ends with each of the signals.
   */
  blob(
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    ...signals: readonly AbortSignal[]
  ): Promise<Readable> {
    return fetchBlob(this.#context, descriptor, ...signals);
  }

  hasBlob(digest: Digest): Promise<boolean> {
    return hasBlob(this.#context, digest, 'pull');
  }

  /** @param open returns the whole blob from its start each time it is called. */
  uploadBlob(
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    open: () => Readable,
    options: UploadOptions = {},
  ): Promise<UploadOutcome> {
    return uploadBlob(this.#context, descriptor, open, options);
  }

  /** Push the blobs and children first. */
  putManifest(tagOrDigest: string, mediaType: string, bytes: Uint8Array): Promise<Descriptor> {
    return putManifest(this.#context, tagOrDigest, mediaType, bytes);
  }

  tags(): Promise<string[]> {
    return listTags(this.#context);
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#asked?.removeEventListener('abort', this.#endUnlessHeld);
    this.#endUnlessHeld();
  }
}

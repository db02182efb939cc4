import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import type { Logger } from 'pino';
import { MAX_MANIFEST_SIZE, MEDIA_TYPE } from '../../api/oci-image.ts';
import { algorithmOf, type Digest, Digester, isDigest } from '../../core/digest.ts';
import { readBounded } from '../../http/read-bounded.ts';
import type { ManifestReference } from '../distribution/manifest-reference.ts';
import { parseManifestDocument } from '../manifest-document.ts';
import type { RegistryMetrics } from '../metrics.ts';
import { newManifest } from '../new-manifest.ts';
import { RegistryError, registryError } from '../registry-error.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { ByteRange, StoredManifest } from '../storage/storage.ts';
import { Download, wordsForFailure } from './download.ts';
import { soon, type Upstream } from './upstream.ts';

/** Accepted media types, without which an old registry would respond in an obsolete format. */
const ACCEPTED_MANIFESTS = [
  MEDIA_TYPE.ociIndex,
  MEDIA_TYPE.ociManifest,
  MEDIA_TYPE.dockerManifestList,
  MEDIA_TYPE.dockerManifest,
].join(', ');
const MAX_LIST_SIZE = 16 * 1024 * 1024;

interface Options {
  readonly upstream: Upstream;
  readonly storage: ObjectStorage;
  readonly log: Logger;
  readonly metrics?: RegistryMetrics | undefined;
  /** Milliseconds for which a tag is not checked again. */
  readonly fresh: number;
  /** Directory for partial downloads. */
  readonly spool?: string | undefined;
}

/** A blob that is stored or being downloaded. */
interface CachedBlob {
  readonly size: number;
  read(range?: ByteRange): ReturnType<Download['read']>;
}

/** Cached content of another registry, fetched on demand. */
export class PullThrough {
  readonly #options: Options;
  readonly #end = new AbortController();
  readonly #downloads = new Map<string, Promise<Download | undefined>>();
  readonly #asking = new Map<string, Promise<unknown>>();
  /** When a tag was last compared with upstream's, in milliseconds since 1970. */
  readonly #compared = new Map<string, number>();

  constructor(options: Options) {
    this.#options = options;
  }

  get origin(): string {
    return this.#options.upstream.origin;
  }

  /** Aborts downloads. */
  async close(): Promise<void> {
    this.#end.abort();
    await Promise.allSettled([...this.#downloads.values(), ...this.#asking.values()]);
  }

  /** @returns undefined when there is none. `isStale`: upstream was unavailable to confirm that it is current. */
  async manifest(
    repository: string,
    reference: ManifestReference,
  ): Promise<{ readonly manifest: StoredManifest; readonly isStale: boolean } | undefined> {
    if ('digest' in reference) {
      const manifest = await this.#byDigest(repository, reference.digest);
      return manifest && { manifest, isStale: false };
    }
    const name = `${repository}:${reference.tag}`;
    return await this.#once(name, () => this.#byTag(repository, reference.tag));
  }

  async #byDigest(repository: string, digest: Digest): Promise<StoredManifest | undefined> {
    const local = await this.#local(repository, digest);
    if (local) this.#options.metrics?.cached('hit');
    return (
      local ?? (await this.#once(`${repository}@${digest}`, () => this.#fetchManifest(repository, digest)))
    );
  }

  async #local(repository: string, digest: Digest): Promise<StoredManifest | undefined> {
    const { manifests } = this.#options.storage;
    const local = await manifests.find(repository, digest);
    if (local) await manifests.use(repository, digest);
    return local;
  }

  async #byTag(repository: string, tag: string) {
    const { storage, metrics, fresh } = this.#options;
    const name = `${repository}:${tag}`;
    const digest = await storage.tags.resolve(repository, tag);
    const local = digest && (await this.#local(repository, digest));
    if (local && Date.now() - (this.#compared.get(name) ?? 0) < fresh) {
      metrics?.cached('hit');
      return { manifest: local, isStale: false };
    }
    try {
      const manifest = await this.#compare(repository, tag, local);
      this.#note(name);
      return manifest && { manifest, isStale: false };
    } catch (error) {
      if (!local || !isOutage(error)) throw error;
      metrics?.cached('stale');
      this.#options.log.warn(
        { repository, tag, err: error },
        'upstream is unavailable; responding from the cache',
      );
      return { manifest: local, isStale: true };
    }
  }

  /** Resolves the tag upstream, and fetches the manifest if it is not stored. */
  async #compare(repository: string, tag: string, local: StoredManifest | undefined) {
    const { storage, upstream, metrics } = this.#options;
    const asked = { method: 'HEAD', headers: { accept: ACCEPTED_MANIFESTS } } as const;
    const response = await upstream.ask(repository, `manifests/${tag}`, {
      ...asked,
      signal: soon(this.#end.signal),
    });
    if (!response) {
      await storage.tags.remove(repository, tag);
      return undefined;
    }
    response.destroy();
    const digest = String(response.headers['docker-content-digest'] ?? '');
    if (local?.digest === digest) {
      metrics?.cached('hit');
      return local;
    }
    const known = isDigest(digest) ? await this.#local(repository, digest) : undefined;
    const manifest = known ?? (await this.#fetchManifest(repository, isDigest(digest) ? digest : tag));
    if (manifest) await storage.tags.set(repository, tag, manifest.digest);
    return manifest;
  }

  /** @param reference a digest, which is verified, or a tag. */
  async #fetchManifest(repository: string, reference: Digest | string): Promise<StoredManifest | undefined> {
    const { storage, upstream, metrics } = this.#options;
    const asked = { headers: { accept: ACCEPTED_MANIFESTS }, signal: soon(this.#end.signal) };
    const response = await upstream.ask(repository, `manifests/${reference}`, asked);
    if (!response) return undefined;
    const bytes = await bodyOf(response, MAX_MANIFEST_SIZE);
    const digester = new Digester(isDigest(reference) ? algorithmOf(reference) : 'sha256');
    digester.update(bytes);
    const digest = digester.digest();
    if (isDigest(reference) && digest !== reference) {
      throw registryError('UNAVAILABLE', `${upstream.origin} sent ${digest} in place of ${reference}`);
    }
    const document = parseManifestDocument(bytes, response.headers['content-type']);
    const manifest = newManifest(digest, bytes, document);
    await storage.manifests.put(repository, manifest);
    metrics?.cached('miss');
    return manifest;
  }

  /** The length of a blob, without fetching it. */
  async blobSize(repository: string, digest: Digest): Promise<number | undefined> {
    const { storage, upstream } = this.#options;
    const local = await storage.blobs.size(repository, digest);
    if (local !== undefined) return local;
    const signal = soon(this.#end.signal);
    const response = await upstream.ask(repository, `blobs/${digest}`, { method: 'HEAD', signal });
    response?.destroy();
    const size = Number(response?.headers['content-length']);
    return response && Number.isSafeInteger(size) ? size : undefined;
  }

  async blob(repository: string, digest: Digest): Promise<CachedBlob | undefined> {
    const { storage, metrics } = this.#options;
    const local = await this.#storedBlob(repository, digest);
    if (local) {
      metrics?.cached('hit');
      return local;
    }
    const key = `${repository}@${digest}`;
    const known = this.#downloads.get(key);
    if (known) return await known;
    if (await storage.blobs.isStored(digest)) {
      /* Another repository's copy is used once upstream has confirmed that this repository has the blob, too. */
      if ((await this.blobSize(repository, digest)) === undefined) return undefined;
      if (await storage.blobs.adopt(repository, digest)) return await this.#storedBlob(repository, digest);
    }
    metrics?.cached('miss');
    return await (this.#downloads.get(key) ?? this.#begin(key, repository, digest));
  }

  async #storedBlob(repository: string, digest: Digest): Promise<CachedBlob | undefined> {
    const { blobs } = this.#options.storage;
    const size = await blobs.size(repository, digest);
    return size === undefined ? undefined : { size, read: (range) => blobs.read(digest, range) };
  }

  #begin(key: string, repository: string, digest: Digest): Promise<Download | undefined> {
    const { upstream, storage, log, spool = tmpdir() } = this.#options;
    const { signal } = this.#end;
    const { uploads, blobs } = storage;
    const wanted = { repository, digest, upstream, uploads, blobs, spool, signal };
    const beginning = Download.begin(wanted);
    this.#downloads.set(key, beginning);
    const follow = async () => {
      try {
        await (await beginning)?.stored;
      } catch (error) {
        if (!signal.aborted) log.error({ err: error, repository }, wordsForFailure(digest, error));
      } finally {
        this.#downloads.delete(key);
      }
    };
    void follow();
    return beginning;
  }

  /** The body of a list, which only upstream has completely. @throws RegistryError as `Upstream.ask` does. */
  async list(
    repository: string,
    rest: string,
  ): Promise<{ body: Buffer; response: IncomingMessage } | undefined> {
    const response = await this.#options.upstream.ask(repository, rest, { signal: soon(this.#end.signal) });
    return response && { body: await bodyOf(response, MAX_LIST_SIZE), response };
  }

  #note(name: string): void {
    if (this.#compared.size > 100_000) this.#compared.clear();
    this.#compared.set(name, Date.now());
  }

  /** Concurrent identical requests share one response. */
  async #once<T>(key: string, action: () => Promise<T>): Promise<T> {
    const known = this.#asking.get(key);
    if (known) return (await known) as T;
    const asking = action().finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return await asking;
  }
}

/** Whether upstream was unavailable, rather than rejected the request. */
export const isOutage = (error: unknown): boolean =>
  error instanceof RegistryError && (error.code === 'UNAVAILABLE' || error.code === 'TOOMANYREQUESTS');

async function bodyOf(response: IncomingMessage, limit: number): Promise<Buffer> {
  try {
    const bytes = await readBounded(response, limit);
    if (bytes) return bytes;
  } catch (cause) {
    throw new RegistryError(
      [{ code: 'UNAVAILABLE', message: 'the response from upstream was interrupted' }],
      { cause },
    );
  } finally {
    response.destroy();
  }
  throw registryError('UNAVAILABLE', `the response from upstream is larger than ${limit} bytes`);
}

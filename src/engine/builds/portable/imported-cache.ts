import type { BuildCache, BuildTrace, CacheRecord } from '../../../builder/cache.ts';
import type { Digest } from '../../../core/digest.ts';
import { messageOf } from '../../../core/errors.ts';
import type { LayerLease, LayerStore } from '../../../image/layers.ts';
import type { PortableRecord } from './document.ts';

/** A cache of another engine. */
export interface CacheSource extends Disposable {
  readonly name: string;
  readonly records: ReadonlyMap<string, PortableRecord>;
  /** Fetches a layer into the store. @throws BargeError when the source does not have it. */
  fetch(diffId: Digest, lease: LayerLease, signal: AbortSignal): Promise<void>;
}

interface ImportOptions {
  readonly layers: LayerStore;
  readonly signal: AbortSignal;
  warn(message: string): void;
}

/** This engine's cache, followed by those of others, from which hits are fetched. */
export class ImportedCache implements BuildCache, Disposable {
  readonly #inner: BuildCache;
  readonly #sources: readonly CacheSource[];
  readonly #options: ImportOptions;
  readonly #lease: LayerLease;
  readonly #coming = new Map<Digest, Promise<void>>();

  constructor(inner: BuildCache, sources: readonly CacheSource[], options: ImportOptions) {
    this.#inner = inner;
    this.#sources = sources;
    this.#options = options;
    this.#lease = options.layers.lease();
  }

  async get(key: string): Promise<CacheRecord | undefined> {
    const own = await this.#inner.get(key);
    if (own) return own;
    for (const source of this.#sources) {
      const found = source.records.get(key);
      if (!found || !(await this.#bring(source, found))) continue;
      const { created, layer, description } = found;
      const record = { created, ...(layer ? { layer } : {}) };
      await this.#inner.put(key, record, description);
      return record;
    }
    return undefined;
  }

  /** @returns whether the layer is now in the store. A failure of the source is treated as a miss: the step runs. */
  async #bring(source: CacheSource, { layer, description = '' }: PortableRecord): Promise<boolean> {
    const { layers, signal, warn } = this.#options;
    if (!layer) return true;
    this.#lease.add(layer);
    if (layers.get(layer)) return true;
    const coming = this.#coming.get(layer) ?? source.fetch(layer, this.#lease, signal);
    this.#coming.set(layer, coming);
    try {
      await coming;
      return true;
    } catch (error) {
      signal.throwIfAborted();
      warn(`${source.name} did not provide the layer of ${description}: ${messageOf(error)}`);
      return false;
    }
  }

  put(key: string, record: CacheRecord, description?: string): Promise<void> {
    return this.#inner.put(key, record, description);
  }

  once(key: string, make: () => Promise<CacheRecord>, signal: AbortSignal) {
    return this.#inner.once(key, make, signal);
  }

  readTrace(scope: string): Promise<BuildTrace | undefined> {
    return this.#inner.readTrace(scope);
  }

  writeTrace(scope: string, trace: BuildTrace): Promise<void> {
    return this.#inner.writeTrace(scope, trace);
  }

  [Symbol.dispose](): void {
    this.#lease[Symbol.dispose]();
    for (const source of this.#sources) source[Symbol.dispose]();
  }
}

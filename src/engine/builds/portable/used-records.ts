import type { BuildCache, BuildTrace, CacheRecord } from '../../../builder/cache.ts';
import type { Digest } from '../../../core/digest.ts';
import type { PortableRecord } from './document.ts';

/** Collects the records that a build found or created, for export. */
export class UsedRecords implements BuildCache {
  readonly #inner: BuildCache;
  readonly #used = new Map<string, PortableRecord>();

  constructor(inner: BuildCache) {
    this.#inner = inner;
  }

  /** @param layers the image's layers: restricts the result to records without a layer or with one of these. */
  records(layers?: ReadonlySet<Digest>): PortableRecord[] {
    const all = [...this.#used.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    return layers ? all.filter(({ layer }) => layer === undefined || layers.has(layer)) : all;
  }

  async get(key: string): Promise<CacheRecord | undefined> {
    const record = await this.#inner.get(key);
    if (record) this.#add(key, record);
    return record;
  }

  async put(key: string, record: CacheRecord, description?: string): Promise<void> {
    await this.#inner.put(key, record, description);
    this.#add(key, record, description);
  }

  async once(key: string, make: () => Promise<CacheRecord>, signal: AbortSignal) {
    const made = await this.#inner.once(key, make, signal);
    this.#add(key, made.record);
    return made;
  }

  readTrace(scope: string): Promise<BuildTrace | undefined> {
    return this.#inner.readTrace(scope);
  }

  writeTrace(scope: string, trace: BuildTrace): Promise<void> {
    return this.#inner.writeTrace(scope, trace);
  }

  #add(key: string, { created, layer }: CacheRecord, description?: string): void {
    const known = this.#used.get(key)?.description ?? description;
    const more = { ...(layer ? { layer } : {}), ...(known === undefined ? {} : { description: known }) };
    this.#used.set(key, { key, created, ...more });
  }
}

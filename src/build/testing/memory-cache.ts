import type { BuildCache, BuildTrace, CacheRecord } from '../cache.ts';

/** A cache for tests. */
export class MemoryCache implements BuildCache {
  readonly records = new Map<string, CacheRecord>();
  readonly traces = new Map<string, BuildTrace>();

  async get(key: string): Promise<CacheRecord | undefined> {
    return this.records.get(key);
  }

  async put(key: string, record: CacheRecord): Promise<void> {
    this.records.set(key, record);
  }

  async readTrace(scope: string): Promise<BuildTrace | undefined> {
    return this.traces.get(scope);
  }

  async writeTrace(scope: string, trace: BuildTrace): Promise<void> {
    this.traces.set(scope, trace);
  }
}

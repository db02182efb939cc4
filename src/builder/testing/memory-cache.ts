import type { BuildCache, BuildTrace, CacheRecord } from '../cache.ts';
import { RunningSteps } from '../execute/running-steps.ts';

/** A cache for tests. */
export class MemoryCache implements BuildCache {
  readonly records = new Map<string, CacheRecord>();
  readonly #running = new RunningSteps();
  readonly traces = new Map<string, BuildTrace>();

  async get(key: string): Promise<CacheRecord | undefined> {
    return this.records.get(key);
  }

  async put(key: string, record: CacheRecord): Promise<void> {
    this.records.set(key, record);
  }

  async once(key: string, make: () => Promise<CacheRecord>, signal: AbortSignal) {
    return await this.#running.once(key, make, signal);
  }

  async readTrace(scope: string): Promise<BuildTrace | undefined> {
    return this.traces.get(scope);
  }

  async writeTrace(scope: string, trace: BuildTrace): Promise<void> {
    this.traces.set(scope, trace);
  }
}

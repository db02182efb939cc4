import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { FileDigests } from '../../builder/copy/file-digests.ts';
import { RunningSteps } from '../../builder/execute/running-steps.ts';
import { messageOf, notFound } from '../../core/errors.ts';
import type { EngineSettings } from '../settings.ts';
import { CacheDirectories } from './cache-directories.ts';
import { collectBuildCache } from './gc.ts';
import { BuildHistory, type RunningRecord } from './history.ts';
import { KeptContexts } from './kept-contexts.ts';
import type { PortableRecord } from './portable/document.ts';
import { BuildSessions } from './sessions.ts';
import { CACHE_DIRECTORIES, type UsageContext } from './usage.ts';

interface StateContext extends UsageContext {
  readonly settings: EngineSettings;
  readonly warn: (message: string, details: Readonly<Record<string, unknown>>) => void;
}

/** Minimum milliseconds between two collections, regardless of the number of builds. */
const GC_PAUSE_MS = 60_000;
const MAX_EXPORTS = 20;

/** State shared by all builds of a daemon. */
export class BuildState {
  readonly digests = new FileDigests();
  readonly running = new RunningSteps();
  readonly caches: CacheDirectories;
  readonly contexts: KeptContexts;
  readonly sessions: BuildSessions;
  readonly history: BuildHistory;
  /** Builds in progress, by their id for `/build/cancel`. */
  readonly active = new Map<string, AbortController>();
  /** Caches that clients export to local directories, by build. */
  readonly #exports = new Map<string, readonly PortableRecord[]>();
  readonly #ctx: StateContext;
  #collected = 0;

  constructor(ctx: StateContext) {
    this.#ctx = ctx;
    mkdirSync(join(ctx.dataRoot, 'tmp'), { recursive: true, mode: 0o700 });
    this.caches = new CacheDirectories(
      join(ctx.dataRoot, CACHE_DIRECTORIES['exec.cachemount']),
      ctx.host.files,
    );
    this.contexts = new KeptContexts(join(ctx.dataRoot, CACHE_DIRECTORIES['source.local']), ctx.host.files);
    this.sessions = new BuildSessions(this.contexts);
    this.history = new BuildHistory(join(ctx.dataRoot, 'builds'));
  }

  /** Stores the records for `cacheOf`; the oldest are dropped when there are too many. */
  keepCache(build: string, records: readonly PortableRecord[]): void {
    this.#exports.set(build, records);
    const [oldest] = this.#exports.keys();
    if (this.#exports.size > MAX_EXPORTS && oldest !== undefined) this.#exports.delete(oldest);
  }

  /** @throws BargeError not-found for a build without an exported cache, or whose cache has been dropped. */
  cacheOf(build: string): readonly PortableRecord[] {
    const records = this.#exports.get(build);
    if (!records) throw notFound(`no cache is stored for the build ${build}`);
    return records;
  }

  /** After a build, which does not wait for it. */
  endHistory(running: RunningRecord): void {
    this.history.end(running).catch((error) => {
      this.#ctx.warn('recording a build failed', { error: messageOf(error) });
    });
  }

  /** After a build: prunes the cache to its limits, now and then. Runs in the background and never throws. */
  async collect(): Promise<void> {
    if (Date.now() - this.#collected < GC_PAUSE_MS) return;
    this.#collected = Date.now();
    try {
      await collectBuildCache(this.#ctx, this, this.#ctx.settings.builder);
    } catch (error) {
      this.#ctx.warn('collecting the build cache failed', { error: messageOf(error) });
    }
  }
}

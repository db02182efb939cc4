import type { ImageConfig } from '../../api/oci-image.ts';
import type { BuildCache } from '../../builder/cache.ts';
import type { BuildReporter } from '../../builder/report/events.ts';
import type { BuiltImage } from '../../builder/worker.ts';
import type { Digest } from '../../core/digest.ts';
import { messageOf } from '../../core/errors.ts';
import type { ImageContext } from '../images/context.ts';
import type { RegistryAuth } from './base-images.ts';
import { type CacheDocument, INLINE, type PortableRecord } from './portable/document.ts';
import { pushCache } from './portable/export.ts';
import { type CacheSource, ImportedCache } from './portable/imported-cache.ts';
import { type CacheOrigin, type CacheTarget, readCacheOrigin, readCacheTarget } from './portable/options.ts';
import { openSource } from './portable/sources.ts';
import { UsedRecords } from './portable/used-records.ts';
import type { BuildSession } from './sessions.ts';

/** Prefix of the names of contexts that contain a cache. */
export const CACHE_CONTEXT = 'cache:';

export interface WithCaches {
  readonly caches: { readonly from: readonly CacheOrigin[]; readonly to: readonly CacheTarget[] };
}

/** @throws BargeError invalid-parameter. */
export function readCaches(options: {
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
}): WithCaches['caches'] {
  return { from: options.cacheFrom.map(readCacheOrigin), to: options.cacheTo.map(readCacheTarget) };
}

interface CachesJob extends WithCaches {
  readonly auth: RegistryAuth;
  readonly session?: BuildSession;
  readonly request: { readonly signal: AbortSignal };
}

/** The caches of one build: the engine's own, the imported ones, and the export targets. */
export class BuildCaches implements Disposable {
  readonly #ctx: ImageContext;
  readonly #job: CachesJob;
  readonly #reporter: BuildReporter;
  readonly #imported: ImportedCache;
  readonly #used: UsedRecords;

  private constructor(
    ctx: ImageContext,
    own: BuildCache,
    job: CachesJob,
    { reporter, sources }: { readonly reporter: BuildReporter; readonly sources: readonly CacheSource[] },
  ) {
    this.#ctx = ctx;
    this.#job = job;
    this.#reporter = reporter;
    const { signal } = job.request;
    this.#imported = new ImportedCache(own, sources, {
      layers: ctx.layers,
      signal,
      warn: (text) => this.#warn(text),
    });
    this.#used = new UsedRecords(this.#imported);
  }

  /** A cache that cannot be opened is reported and skipped. */
  static async open(
    ctx: ImageContext,
    own: BuildCache,
    job: CachesJob,
    reporter: BuildReporter,
  ): Promise<BuildCaches> {
    const { auth, session, request } = job;
    const sources: CacheSource[] = [];
    for (const origin of job.caches.from) {
      const name = origin.type === 'registry' ? origin.reference : 'the directory';
      const directoryOf = (context: string) => {
        if (!session) throw new TypeError('only sessions have contexts');
        return session.context(context).files;
      };
      try {
        sources.push(await openSource({ ctx, auth, signal: request.signal, directoryOf }, origin));
        status(reporter, `importing cache from ${name}`);
      } catch (error) {
        request.signal.throwIfAborted();
        reporter.report({ kind: 'warning', message: `no cache from ${name}: ${messageOf(error)}` });
      }
    }
    return new BuildCaches(ctx, own, job, { reporter, sources });
  }

  get cache(): BuildCache {
    const { from, to } = this.#job.caches;
    return from.length + to.length > 0 ? this.#used : this.#imported;
  }

  /** The configuration of an image, with an inline cache of its layers where that is requested. */
  readonly inline = (config: ImageConfig): ImageConfig => {
    if (!this.#job.caches.to.some(({ type }) => type === 'inline')) return config;
    const document: CacheDocument = { records: this.#used.records(new Set(config.rootfs.diff_ids)) };
    return { ...config, [INLINE]: document } as ImageConfig;
  };

  /**
   * Exports the cache to its targets. @returns the records for the client's local directory.
   * @throws BargeError when an export fails, unless its errors are to be ignored.
   */
  async deliver(images: readonly BuiltImage[]): Promise<PortableRecord[] | undefined> {
    let kept: PortableRecord[] | undefined;
    for (const target of this.#job.caches.to) {
      const layers = images.flatMap(({ id }) => this.#ctx.images.need(id).config.rootfs.diff_ids);
      const records = this.#used.records(target.mode === 'max' ? undefined : new Set<Digest>(layers));
      if (target.type === 'local') kept = records;
      if (target.type !== 'registry') continue;
      status(this.#reporter, `exporting cache to ${target.reference}`);
      try {
        await pushCache(this.#ctx, records, target, {
          auth: this.#job.auth,
          signal: this.#job.request.signal,
        });
      } catch (error) {
        if (!target.ignoreErrors || this.#job.request.signal.aborted) throw error;
        this.#warn(`the cache could not be exported to ${target.reference}: ${messageOf(error)}`);
      }
    }
    return kept;
  }

  #warn(message: string): void {
    this.#reporter.report({ kind: 'warning', message });
  }

  [Symbol.dispose](): void {
    this.#imported[Symbol.dispose]();
  }
}

function status(reporter: BuildReporter, text: string): void {
  reporter.report({ kind: 'pull', message: { status: text } });
}

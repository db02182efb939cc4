import type { Digest } from '../../core/digest.ts';
import type { BuildCache, BuildTrace, CacheRecord, StepTrace } from '../cache.ts';
import type { Step } from '../plan/graph.ts';
import type { BuildReporter } from '../report/events.ts';
import type { Layers } from '../worker.ts';
import { condensed } from './condense.ts';
import { explainMiss, indexOf } from './explain.ts';
import { Ingredients } from './ingredients.ts';

/** The outcome of a step. */
export interface Outcome {
  readonly layers: Layers;
  /** The layer that this step itself added. */
  readonly layer?: Digest;
  readonly id: string;
  readonly created: string;
}

interface StepCacheOptions {
  readonly cache: BuildCache;
  readonly reporter: BuildReporter;
  /** The last build of the same scope. */
  readonly last: BuildTrace | undefined;
  /** Whether a step must run even when its outcome is cached. */
  readonly noCache: (step: Step) => boolean;
  readonly signal: AbortSignal;
  now(): Date;
}

/** The text in lists of the cache. */
const describe = (step: Step) => `[${step.stage}] ${step.text}`;

/** Runs only steps without a cached outcome, and records the ingredients of each. */
export class StepCache {
  readonly #options: StepCacheOptions;
  readonly #traces = new Map<Step, StepTrace>();

  constructor(options: StepCacheOptions) {
    this.#options = options;
  }

  /** The outcome of this key, else that of `make`, with an explanation of the miss. */
  async run(
    step: Step,
    base: Layers,
    ingredients: Ingredients,
    make: () => Promise<Digest | undefined>,
  ): Promise<Outcome> {
    const found = await this.find(step, base, ingredients);
    if (found) return found;
    const { reporter, noCache, last, signal } = this.#options;
    const trace = this.#trace(step, ingredients);
    const reason = noCache(step)
      ? 'the build was asked not to use the cache'
      : explainMiss(step, trace.ingredients, last);
    reporter.report({ kind: 'missed', step, reason });
    const key = ingredients.key();
    const produce = async () => {
      const record = this.#record(await make());
      await this.#options.cache.put(key, record, describe(step));
      return record;
    };
    const { record, shared } = noCache(step)
      ? { record: await produce(), shared: false }
      : await this.#options.cache.once(key, produce, signal);
    return this.#finish(step, base, record, key, shared);
  }

  /** The cached outcome of this key, if any. */
  async find(step: Step, base: Layers, ingredients: Ingredients): Promise<Outcome | undefined> {
    const key = ingredients.key();
    const record = this.#options.noCache(step) ? undefined : await this.#options.cache.get(key);
    if (!record) return undefined;
    this.#trace(step, ingredients);
    return this.#finish(step, base, record, key, true);
  }

  /** Stores an outcome by another key too. */
  async alias(ingredients: Ingredients, { created, layer }: Outcome): Promise<void> {
    await this.#options.cache.put(ingredients.key(), { created, ...(layer ? { layer } : {}) });
  }

  /** A step that changes no files; its time is recorded, so that a rebuild produces the same image. */
  async config(step: Step, layers: Layers): Promise<Outcome> {
    const ingredients = new Ingredients()
      .plain('kind', 'config')
      .base(layers)
      .hashed('image', step.image)
      .hashed('text', step.createdBy);
    const found = await this.find(step, layers, ingredients);
    if (found) return found;
    this.#trace(step, ingredients);
    const record = this.#record(undefined);
    await this.#options.cache.put(ingredients.key(), record);
    return this.#finish(step, layers, record, ingredients.key(), false);
  }

  /** The ingredients of each step, in the order of `steps`. */
  trace(steps: readonly Step[]): BuildTrace {
    return { steps: steps.map((step) => this.#traces.get(step)).filter((trace) => trace !== undefined) };
  }

  #record(layer: Digest | undefined): CacheRecord {
    return { created: this.#options.now().toISOString(), ...(layer ? { layer } : {}) };
  }

  #finish(step: Step, base: Layers, record: CacheRecord, key: string, cached: boolean): Outcome {
    this.#options.reporter.report({ kind: 'done', step, id: key, cached });
    const { layer, created } = record;
    const layers = layer ? [...base, layer] : base;
    return { layers, id: key, created, ...(layer ? { layer } : {}) };
  }

  #trace(step: Step, ingredients: Ingredients): StepTrace {
    const { stage, text } = step;
    const trace = { stage, text, index: indexOf(step), ingredients: condensed(ingredients.toRecord()) };
    this.#traces.set(step, trace);
    return trace;
  }
}

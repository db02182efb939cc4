import { availableParallelism } from 'node:os';
import type { Digest } from '../../core/digest.ts';
import { cancelled } from '../../core/errors.ts';
import type { BuildCache, BuildTrace, CacheRecord, StepTrace } from '../cache.ts';
import { DockerfileError } from '../parse/errors.ts';
import type { CopyOperation, ExecOperation, Operation, Plan, PlannedMount, Step } from '../plan/graph.ts';
import type { BuildReporter } from '../report/events.ts';
import type { Layers } from '../worker.ts';
import { quickIngredients, withCopy } from './copy-step.ts';
import { execIngredients, type MountFiles, runProcess } from './exec-step.ts';
import { explainMiss, indexOf } from './explain.ts';
import { folderIngredients, makeFolder } from './folder-step.ts';
import { Ingredients } from './ingredients.ts';
import type { StepIo } from './io.ts';
import { Limit } from './limit.ts';

/** What a step left. */
export interface Outcome {
  readonly layers: Layers;
  /** The layer that this very step added. */
  readonly layer?: Digest;
  readonly id: string;
  readonly created: string;
}

export interface ExecuteDeps {
  readonly io: Omit<StepIo, 'signal'>;
  readonly cache: BuildCache;
  readonly reporter: BuildReporter;
  /** The last build of the same thing. */
  readonly last: BuildTrace | undefined;
  readonly signal: AbortSignal;
}

export interface Executed {
  readonly outcomes: ReadonlyMap<Step, Outcome>;
  readonly trace: BuildTrace;
}

/**
 * Runs the steps of a plan, those that don't need each other side by side. The first failure stops the others.
 * @throws DockerfileError at the step that failed; BargeError cancelled when `signal` aborts.
 */
export async function executePlan(plan: Plan, deps: ExecuteDeps): Promise<Executed> {
  return await new Executor(plan, deps).run();
}

class Executor {
  readonly #plan: Plan;
  readonly #deps: ExecuteDeps;
  readonly #io: StepIo;
  readonly #stop = new AbortController();
  readonly #limit: Limit;
  readonly #owners = new Map<Operation, Step>();
  readonly #outcomes = new Map<Step, Promise<Outcome>>();
  readonly #traces = new Map<Step, StepTrace>();
  #contextLayers: Promise<Layers> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(plan: Plan, deps: ExecuteDeps) {
    this.#plan = plan;
    this.#deps = deps;
    this.#io = { ...deps.io, signal: AbortSignal.any([deps.signal, this.#stop.signal]) };
    this.#limit = new Limit(deps.io.request.parallel ?? availableParallelism());
    for (const step of plan.steps) {
      if (!this.#owners.has(step.operation)) this.#owners.set(step.operation, step);
    }
  }

  async run(): Promise<Executed> {
    const settled = await Promise.allSettled(this.#plan.steps.map((step) => this.#outcome(step)));
    if (this.#deps.signal.aborted) throw cancelled('build cancelled', { cause: this.#deps.signal.reason });
    if (this.#failure) throw this.#failure.error;
    const outcomes = new Map<Step, Outcome>();
    for (const [index, step] of this.#plan.steps.entries()) {
      const result = settled[index];
      if (result?.status === 'fulfilled') outcomes.set(step, result.value);
    }
    const steps = this.#plan.steps
      .map((step) => this.#traces.get(step))
      .filter((trace) => trace !== undefined);
    return { outcomes, trace: { steps } };
  }

  #outcome(step: Step): Promise<Outcome> {
    const known = this.#outcomes.get(step);
    if (known) return known;
    const outcome = this.#runStep(step).catch((error: unknown) => {
      this.#failure ??= { error: DockerfileError.at(step.source, step.span, error) };
      this.#stop.abort();
      throw error;
    });
    this.#outcomes.set(step, outcome);
    return outcome;
  }

  /** The root file system of an operation, made by the step it belongs to. */
  async #layersOf(operation: Operation): Promise<Layers> {
    if (operation.kind === 'image') return operation.layers;
    const owner = this.#owners.get(operation);
    if (!owner) throw new TypeError('an operation of the plan belongs to no step');
    return (await this.#outcome(owner)).layers;
  }

  async #runStep(step: Step): Promise<Outcome> {
    const { operation } = step;
    const before = step.previous ? await this.#outcome(step.previous) : undefined;
    const isOwner = this.#owners.get(operation) === step;
    if (!before || !isOwner) return await this.#configStep(step, await this.#layersOf(operation), before);
    switch (operation.kind) {
      case 'image':
        return await this.#configStep(step, operation.layers, before);
      case 'copy':
        return await this.#copyStep(step, operation, before.layers);
      case 'folder': {
        const ingredients = folderIngredients(operation, before.layers);
        const make = () => makeFolder(operation, before.layers, this.#io);
        return await this.#fileStep(step, before.layers, ingredients, make);
      }
      case 'exec':
        return await this.#execStep(step, operation, before.layers);
    }
  }

  /** FROM, and what changes no file. */
  async #configStep(step: Step, layers: Layers, before: Outcome | undefined): Promise<Outcome> {
    this.#io.signal.throwIfAborted();
    this.#started(step);
    if (!before) {
      const { operation } = step;
      const id = operation.kind === 'image' ? (operation.id ?? '') : digestless(layers);
      this.#deps.reporter.report({ kind: 'done', step, id, cached: false });
      return { layers, id, created: this.#now() };
    }
    const ingredients = new Ingredients()
      .plain('kind', 'config')
      .base(layers)
      .hashed('image', step.image)
      .plain('text', step.createdBy);
    const key = ingredients.key();
    const found = await this.#lookUp(key);
    const record = found ?? { created: this.#now() };
    if (!found) await this.#deps.cache.put(key, record);
    return this.#finish(step, layers, record, key, found !== undefined);
  }

  async #copyStep(step: Step, operation: CopyOperation, base: Layers): Promise<Outcome> {
    const from =
      operation.from.kind === 'context' ? undefined : await this.#layersOf(operation.from.operation);
    return await this.#working(step, async () => {
      const quick = quickIngredients(operation, base, from);
      const quickRecord = quick && (await this.#lookUp(quick.key()));
      if (quick && quickRecord) {
        this.#trace(step, quick);
        return this.#finish(step, base, quickRecord, quick.key(), true);
      }
      return await withCopy(operation, base, from, this.#io, async ({ ingredients, apply }) => {
        const outcome = await this.#cachedStep(step, base, ingredients, apply);
        if (quick) await this.#deps.cache.put(quick.key(), recordOf(outcome));
        return outcome;
      });
    });
  }

  async #execStep(step: Step, operation: ExecOperation, base: Layers): Promise<Outcome> {
    const mounts: MountFiles[] = [];
    for (const mount of operation.mounts) mounts.push(await this.#mountFiles(mount));
    const ingredients = execIngredients(operation, base, mounts, step.args, this.#io);
    return await this.#fileStep(step, base, ingredients, async () => {
      this.#deps.reporter.report({ kind: 'running', step, key: ingredients.key() });
      const result = await runProcess(operation, base, mounts, this.#io, (stream, chunk) =>
        this.#deps.reporter.report({ kind: 'output', step, stream, chunk }),
      );
      if (result.exitCode === 0) return result.layer;
      const command = `The command '${operation.args.join(' ')}'`;
      const summary = `${command} returned a non-zero code: ${result.exitCode}`;
      throw new DockerfileError(step.source, step.span, summary, { code: result.exitCode });
    });
  }

  async #mountFiles(mount: PlannedMount): Promise<MountFiles> {
    if ((mount.type !== 'bind' && mount.type !== 'cache') || !mount.from) return { mount };
    if (mount.from.kind === 'operation') return { mount, layers: await this.#layersOf(mount.from.operation) };
    this.#contextLayers ??= this.#limit.run(() => this.#makeContextLayers());
    return { mount, layers: await this.#contextLayers };
  }

  /** The whole build context as a layer, for bind mounts. */
  async #makeContextLayers(): Promise<Layers> {
    return await withCopy(CONTEXT_COPY, [], undefined, this.#io, async ({ ingredients, apply }) => {
      const key = ingredients.key();
      const found = await this.#deps.cache.get(key);
      const layer = found ? found.layer : await apply();
      const record = { created: this.#now(), ...(layer ? { layer } : {}) };
      if (!found) await this.#deps.cache.put(key, record);
      return layer ? [layer] : [];
    });
  }

  async #fileStep(
    step: Step,
    base: Layers,
    ingredients: Ingredients,
    make: () => Promise<Digest | undefined>,
  ): Promise<Outcome> {
    return await this.#working(step, () => this.#cachedStep(step, base, ingredients, make));
  }

  async #working(step: Step, action: () => Promise<Outcome>): Promise<Outcome> {
    return await this.#limit.run(async () => {
      this.#io.signal.throwIfAborted();
      this.#started(step);
      return await action();
    });
  }

  async #cachedStep(
    step: Step,
    base: Layers,
    ingredients: Ingredients,
    make: () => Promise<Digest | undefined>,
  ): Promise<Outcome> {
    const key = ingredients.key();
    this.#trace(step, ingredients);
    const found = await this.#lookUp(key);
    if (found) return this.#finish(step, base, found, key, true);
    const reason = this.#io.request.noCache
      ? 'the build was asked not to use the cache'
      : explainMiss(step, ingredients.toRecord(), this.#deps.last);
    this.#deps.reporter.report({ kind: 'missed', step, reason });
    const layer = await make();
    const record: CacheRecord = { created: this.#now(), ...(layer ? { layer } : {}) };
    await this.#deps.cache.put(key, record);
    return this.#finish(step, base, record, key, false);
  }

  async #lookUp(key: string): Promise<CacheRecord | undefined> {
    return this.#io.request.noCache ? undefined : await this.#deps.cache.get(key);
  }

  #finish(step: Step, base: Layers, record: CacheRecord, key: string, cached: boolean): Outcome {
    this.#deps.reporter.report({ kind: 'done', step, id: key, cached });
    const { layer, created } = record;
    return layer ? { layers: [...base, layer], layer, id: key, created } : { layers: base, id: key, created };
  }

  #trace(step: Step, ingredients: Ingredients): void {
    const { stage, text } = step;
    this.#traces.set(step, { stage, text, index: indexOf(step), ingredients: ingredients.toRecord() });
  }

  #started(step: Step): void {
    this.#deps.reporter.report({ kind: 'started', step });
  }

  #now(): string {
    return this.#io.now().toISOString();
  }
}

/** FROM an earlier stage is named after the last layer of that stage. */
const digestless = (layers: Layers) => layers.at(-1) ?? '';

function recordOf(outcome: Outcome): CacheRecord {
  return { created: outcome.created, ...(outcome.layer ? { layer: outcome.layer } : {}) };
}

const CONTEXT_COPY: CopyOperation = {
  kind: 'copy',
  verb: 'COPY',
  base: { kind: 'image', layers: [] },
  from: { kind: 'context' },
  sources: ['.'],
  documents: [],
  downloads: [],
  destination: '/',
  link: true,
  parents: false,
  exclude: [],
  unpack: false,
};

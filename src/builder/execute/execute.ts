import { availableParallelism } from 'node:os';
import { cancelled } from '../../core/errors.ts';
import { type Limiter, limiter } from '../../core/limiter.ts';
import type { BuildCache, BuildTrace } from '../cache.ts';
import { DockerfileError } from '../parse/errors.ts';
import type { CopyOperation, ExecOperation, Operation, Plan, PlannedMount, Step } from '../plan/graph.ts';
import type { BuildReporter } from '../report/events.ts';
import type { BuildRequest } from '../request.ts';
import type { Layers } from '../worker.ts';
import { contextLayers } from './context-layers.ts';
import { quickIngredients, withCopy } from './copy-step.ts';
import { directoryIngredients, makeDirectory } from './directory-step.ts';
import { execIngredients, type MountFiles, runProcess } from './exec-step.ts';
import type { StepIo } from './io.ts';
import { type Outcome, StepCache } from './step-cache.ts';

interface ExecuteDeps {
  readonly io: Omit<StepIo, 'signal'>;
  readonly cache: BuildCache;
  readonly reporter: BuildReporter;
  /** The last build of the same scope. */
  readonly last: BuildTrace | undefined;
  readonly signal: AbortSignal;
}

export interface Executed {
  readonly outcomes: ReadonlyMap<Step, Outcome>;
  readonly trace: BuildTrace;
}

/**
 * Runs the steps of a plan, independent ones concurrently. The first failure stops the others.
 * @throws DockerfileError at the step that failed; BargeError cancelled when `signal` aborts.
 */
export async function executePlan(plan: Plan, deps: ExecuteDeps): Promise<Executed> {
  return await new Executor(plan, deps).run();
}

/** Steps also wait for disks and networks, so one per processor would leave processors idle. */
const STEPS_PER_CPU = 4;

/** Whether a step must run even when its outcome is cached. */
function isUncached({ noCache, noCacheStages = [] }: BuildRequest): (step: Step) => boolean {
  const stages = new Set(noCacheStages.map((name) => name.toLowerCase()));
  return (step) => noCache === true || stages.has(step.stage.toLowerCase());
}

class Executor {
  readonly #plan: Plan;
  readonly #deps: ExecuteDeps;
  readonly #io: StepIo;
  readonly #stop = new AbortController();
  readonly #limit: Limiter;
  readonly #steps: StepCache;
  /** The step that produces each operation's files. */
  readonly #owners = new Map<Operation, Step>();
  readonly #outcomes = new Map<Step, Promise<Outcome>>();
  /** Contexts as layers, by name; undefined is the main context. */
  readonly #contextLayers = new Map<string | undefined, Promise<Layers>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(plan: Plan, deps: ExecuteDeps) {
    this.#plan = plan;
    this.#deps = deps;
    const { request } = deps.io;
    this.#io = { ...deps.io, signal: AbortSignal.any([deps.signal, this.#stop.signal]) };
    this.#limit = limiter(Math.max(1, request.parallel ?? STEPS_PER_CPU * availableParallelism()));
    const now = () => this.#io.now();
    const { signal } = this.#io;
    this.#steps = new StepCache({ ...deps, noCache: isUncached(request), signal, now });
    for (const step of plan.steps) {
      if (!this.#owners.has(step.operation)) this.#owners.set(step.operation, step);
    }
  }

  async run(): Promise<Executed> {
    const { steps } = this.#plan;
    const settled = await Promise.allSettled(steps.map((step) => this.#outcome(step)));
    if (this.#deps.signal.aborted) throw cancelled('build cancelled', { cause: this.#deps.signal.reason });
    if (this.#failure) throw this.#failure.error;
    const outcomes = new Map<Step, Outcome>();
    for (const [index, step] of steps.entries()) {
      const result = settled[index];
      if (result?.status === 'fulfilled') outcomes.set(step, result.value);
    }
    return { outcomes, trace: this.#steps.trace(steps) };
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

  async #layersOf(operation: Operation): Promise<Layers> {
    if (operation.kind === 'image') return operation.layers;
    const owner = this.#owners.get(operation);
    if (!owner) throw new TypeError('an operation of the plan does not belong to a step');
    return (await this.#outcome(owner)).layers;
  }

  async #runStep(step: Step): Promise<Outcome> {
    const { operation, previous } = step;
    if (!previous) return this.#fromStep(step, await this.#layersOf(operation));
    const { layers: base } = await this.#outcome(previous);
    if (this.#owners.get(operation) !== step) {
      this.#started(step);
      return await this.#steps.config(step, base);
    }
    switch (operation.kind) {
      case 'image':
        throw new TypeError('only the first step of a stage may be an image');
      case 'copy':
        return await this.#copyStep(step, operation, base);
      case 'exec':
        return await this.#execStep(step, operation, base);
      case 'directory': {
        const make = () => makeDirectory(operation, base, this.#io);
        const ingredients = directoryIngredients(operation, base);
        return await this.#working(step, () => this.#steps.run(step, base, ingredients, make));
      }
    }
  }

  /** FROM: the outcome's id is that of the image, or the uppermost layer of an earlier stage. */
  #fromStep(step: Step, layers: Layers): Outcome {
    this.#started(step);
    const { operation } = step;
    const id = operation.kind === 'image' ? (operation.id ?? '') : (layers.at(-1) ?? '');
    this.#deps.reporter.report({ kind: 'done', step, id, cached: false });
    return { layers, id, created: this.#io.now().toISOString() };
  }

  async #copyStep(step: Step, operation: CopyOperation, base: Layers): Promise<Outcome> {
    const from =
      operation.from.kind === 'context' ? undefined : await this.#layersOf(operation.from.operation);
    return await this.#working(step, async () => {
      const quick = quickIngredients(operation, base, from);
      const found = quick && (await this.#steps.find(step, base, quick));
      if (found) return found;
      return await withCopy(operation, base, from, this.#io, async ({ ingredients, apply }) => {
        const outcome = await this.#steps.run(step, base, ingredients, apply);
        if (quick) await this.#steps.alias(quick, outcome);
        return outcome;
      });
    });
  }

  async #execStep(step: Step, operation: ExecOperation, base: Layers): Promise<Outcome> {
    const mounts: MountFiles[] = [];
    for (const mount of operation.mounts) mounts.push(await this.#mountFiles(mount));
    const ingredients = execIngredients(operation, base, mounts, step.args, this.#io);
    const { reporter } = this.#deps;
    const make = async () => {
      reporter.report({ kind: 'running', step, key: ingredients.key() });
      const result = await runProcess(operation, base, mounts, this.#io, (stream, chunk) =>
        reporter.report({ kind: 'output', step, stream, chunk }),
      );
      if (result.exitCode === 0) return result.layer;
      const command = `The command '${operation.args.join(' ')}'`;
      const summary = `${command} returned a non-zero code: ${result.exitCode}`;
      throw new DockerfileError(step.source, step.span, summary, { code: result.exitCode });
    };
    return await this.#working(step, () => this.#steps.run(step, base, ingredients, make));
  }

  async #mountFiles(mount: PlannedMount): Promise<MountFiles> {
    if ((mount.type !== 'bind' && mount.type !== 'cache') || !mount.from) return { mount };
    if (mount.from.kind === 'operation') {
      return { mount, layers: await this.#layersOf(mount.from.operation) };
    }
    const { name } = mount.from;
    const known = this.#contextLayers.get(name);
    const layers = known ?? this.#limit(() => contextLayers(this.#io, this.#deps.cache, name));
    this.#contextLayers.set(name, layers);
    return { mount, layers: await layers };
  }

  async #working(step: Step, action: () => Promise<Outcome>): Promise<Outcome> {
    return await this.#limit(async () => {
      this.#io.signal.throwIfAborted();
      this.#started(step);
      return await action();
    });
  }

  #started(step: Step): void {
    this.#io.signal.throwIfAborted();
    this.#deps.reporter.report({ kind: 'started', step });
  }
}

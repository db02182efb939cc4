import { type Digest, digestOf } from '../core/digest.ts';
import { invalidParameter } from '../core/errors.ts';
import { predicatesOf } from './attest/predicates.ts';
import { type Executed, executePlan } from './execute/execute.ts';
import { imageConfig } from './image-config.ts';
import type { Operation, Plan } from './plan/graph.ts';
import { planDockerfile } from './plan/plan.ts';
import { formatPlatform, parsePlatform } from './plan/platform.ts';
import type { BuildRequest } from './request.ts';
import type { BuildDeps, BuildRun } from './run.ts';
import { sourceDate } from './source-date.ts';
import type { BuiltImage, Layers } from './worker.ts';

/** Builds for all requested platforms concurrently; shared steps run once, by their key. */
export async function buildPlatforms(run: BuildRun): Promise<BuiltImage[]> {
  const { request, deps } = run;
  const platforms = platformsOf(request);
  const plans: Plan[] = [];
  for (const platform of platforms) {
    const label = platforms.length > 1 && platform !== undefined ? platform : undefined;
    plans.push(await makePlan(run, platform, { before: plans.flatMap(({ steps }) => steps).length, label }));
  }
  for (const message of new Set(plans.flatMap(({ warnings }) => warnings)))
    deps.reporter.report({ kind: 'warning', message });
  deps.reporter.report({ kind: 'planned', steps: plans.flatMap(({ steps }) => steps) });
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal, stop.signal]);
  const builds = plans.map(async (plan) => {
    try {
      return await buildPlan(run, plan, signal);
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  });
  await Promise.allSettled(builds);
  /* The first failure is the cause; the others report only that they were stopped. */
  if (stop.signal.aborted) throw stop.signal.reason;
  return await Promise.all(builds);
}

/** Normalized, without duplicates; a single undefined means this machine. */
function platformsOf({ platforms = [] }: BuildRequest): (string | undefined)[] {
  const wanted = new Set(platforms.map((text) => formatPlatform(parsePlatform(text))));
  return wanted.size === 0 ? [undefined] : [...wanted];
}

async function makePlan(
  { dockerfile, request, deps }: BuildRun,
  platform: string | undefined,
  numbering: { readonly before: number; readonly label: string | undefined },
): Promise<Plan> {
  const options = { ...request, ...numbering, ...(platform === undefined ? {} : { platform }) };
  return await planDockerfile(dockerfile, options, (reference, platform) =>
    deps.worker.resolveImage(reference, {
      pull: request.pull ?? false,
      ...(platform === undefined ? {} : { platform }),
      signal: request.signal,
      onProgress: (message) => deps.reporter.report({ kind: 'pull', message }),
    }),
  );
}

async function buildPlan(run: BuildRun, plan: Plan, signal: AbortSignal): Promise<BuiltImage> {
  const { request, deps, digests, context } = run;
  const { worker, cache, reporter } = deps;
  const label = plan.steps[0]?.platform;
  const scope = run.scope === '' || label === undefined ? run.scope : `${run.scope} ${label}`;
  const last = scope === '' ? undefined : await cache.readTrace(scope);
  const io = { worker, request, digests, context, now: run.now };
  const executed = await executePlan(plan, { io, cache, reporter, last, signal });
  const layers = await finalLayers(run, plan, executed, signal);
  const id = await worker.commit(imageConfig(plan, executed.outcomes, layers, sourceDate(request)));
  if (scope !== '') await cache.writeTrace(scope, executed.trace);
  const platform = formatPlatform(plan.target.image);
  const predicates = await predicatesOf(run, plan, layers);
  return { id, platform, predicates };
}

/** The layers of the target; `rewrite-timestamp` changes the times of the new ones. */
async function finalLayers(
  { request, deps }: BuildRun,
  plan: Plan,
  { outcomes }: Executed,
  signal: AbortSignal,
): Promise<Layers> {
  const step = plan.steps.find(({ operation }) => operation === plan.target.operation);
  const layers = (step && outcomes.get(step)?.layers) ?? [];
  if (!request.rewriteTimes) return layers;
  const latest = sourceDate(request);
  if (!latest) throw invalidParameter('rewrite-timestamp needs the build argument SOURCE_DATE_EPOCH');
  const old = baseLayers(plan.target.operation).length;
  const rewritten: Digest[] = [...layers.slice(0, old)];
  for (const layer of layers.slice(old)) rewritten.push(await clamped(deps, layer, latest, signal));
  return rewritten;
}

/** The layer with other times, cached from an earlier build if possible. */
async function clamped(
  { worker, cache }: BuildDeps,
  layer: Digest,
  latest: Date,
  signal: AbortSignal,
): Promise<Digest> {
  const key = digestOf(`rewrite-timestamp ${layer} ${latest.getTime()}`);
  const known = (await cache.get(key))?.layer;
  if (known) return known;
  const made = await worker.clampTimes(layer, latest, signal);
  await cache.put(key, { created: latest.toISOString(), layer: made }, `rewrite-timestamp of ${layer}`);
  return made;
}

/** The layers of the image that a root file system is based on. */
function baseLayers(operation: Operation): Layers {
  return operation.kind === 'image' ? operation.layers : baseLayers(operation.base);
}

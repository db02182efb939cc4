import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../core/digest.ts';
import { cancelled, invalidParameter, notImplemented } from '../core/errors.ts';
import { familiarString, parseReference, withDefaultTag } from '../core/reference.ts';
import type { BuildCache } from './cache.ts';
import { FileDigests } from './copy/file-digests.ts';
import { ignorePatterns, PatternMatcher } from './copy/matcher.ts';
import { resolveInRoot } from './copy/rooted.ts';
import { executePlan } from './execute/execute.ts';
import type { StepIo } from './execute/io.ts';
import { imageConfig } from './image-config.ts';
import { lint } from './lint/lint.ts';
import { readLintOptions } from './lint/options.ts';
import { type Dockerfile, MAX_DOCKERFILE_SIZE, parseDockerfile, type Stage } from './parse/dockerfile.ts';
import type { Plan } from './plan/graph.ts';
import { planDockerfile } from './plan/plan.ts';
import type { BuildReporter } from './report/events.ts';
import type { BuildRequest } from './request.ts';
import type { BuildWorker } from './worker.ts';

export interface BuildDeps {
  readonly worker: BuildWorker;
  readonly cache: BuildCache;
  readonly reporter: BuildReporter;
  readonly clock: { now(): Date };
  /** Kept between builds, spares reading unchanged files of a context that stays in place. */
  readonly digests?: FileDigests;
}

/**
 * Builds a Dockerfile into an image. No id when it was only to be checked.
 * @throws DockerfileError at the instruction that is wrong or failed; BargeError for a Dockerfile that can't be
 * read, an unknown target, a bad tag, or a cancelled build. The reporter gets `failed` first.
 */
export async function buildImage(request: BuildRequest, deps: BuildDeps): Promise<{ id?: Digest }> {
  try {
    const id = await build(request, deps);
    return id === undefined ? {} : { id };
  } catch (error) {
    const reported = request.signal.aborted ? cancelled('build cancelled', { cause: error }) : error;
    deps.reporter.report({ kind: 'failed', error: reported });
    throw reported;
  }
}

async function build(request: BuildRequest, deps: BuildDeps): Promise<Digest | undefined> {
  const { worker, cache, reporter, clock } = deps;
  if (request.squash) throw notImplemented('squash is not supported: use several stages instead');
  const tags = (request.tags ?? []).map((tag) => familiarString(withDefaultTag(parseReference(tag))));
  const { name, text } = await readDockerfile(request);
  const dockerfile = parseDockerfile(text, name);
  await checkDockerfile(dockerfile, request, deps);
  if (request.check) return undefined;
  const plan = await makePlan(dockerfile, request, deps);
  for (const message of plan.warnings) reporter.report({ kind: 'warning', message });
  reporter.report({ kind: 'planned', plan });
  const scope = request.scope ?? tags[0] ?? '';
  const last = scope === '' ? undefined : await cache.readTrace(scope);
  const digests = deps.digests ?? new FileDigests();
  const context = await contextFinder(request);
  const io = { worker, request, digests, context, now: () => sourceDate(request) ?? clock.now() };
  const executed = await executePlan(plan, { io, cache, reporter, last, signal: request.signal });
  const targetStep = plan.steps.find((step) => step.operation === plan.target.operation);
  const layers = (targetStep && executed.outcomes.get(targetStep)?.layers) ?? [];
  const id = await worker.commit(imageConfig(plan, executed.outcomes, layers, sourceDate(request)));
  reporter.report({ kind: 'built', id });
  for (const tag of tags) {
    await worker.tag(id, tag);
    reporter.report({ kind: 'tagged', reference: tag });
  }
  if (scope !== '') await cache.writeTrace(scope, executed.trace);
  return id;
}

/** @throws BargeError invalid-parameter when the Dockerfile asks for findings to be errors. */
async function checkDockerfile(
  dockerfile: Dockerfile,
  request: BuildRequest,
  deps: BuildDeps,
): Promise<void> {
  const { buildArgs = {} } = request;
  const options = readLintOptions(buildArgs.BUILDKIT_DOCKERFILE_CHECK ?? dockerfile.directives.check);
  const context = {
    dockerfile,
    ignore: await readIgnore(request),
    envOf: (stage: Stage) => deps.worker.knownVariables(stage.from.image),
  };
  const findings = lint(context, options);
  deps.reporter.report({ kind: 'lint', findings, source: dockerfile.source });
  if (!options.error || findings.length === 0 || request.check) return;
  const rules = [...new Set(findings.map(({ rule }) => rule))].join(', ');
  throw invalidParameter(`lint violation found for rules: ${rules}`);
}

async function makePlan(dockerfile: Dockerfile, request: BuildRequest, deps: BuildDeps): Promise<Plan> {
  return await planDockerfile(dockerfile, request, (reference, platform) =>
    deps.worker.resolveImage(reference, {
      pull: request.pull ?? false,
      ...(platform === undefined ? {} : { platform }),
      signal: request.signal,
      onProgress: (message) => deps.reporter.report({ kind: 'pull', message }),
    }),
  );
}

async function readDockerfile(request: BuildRequest): Promise<{ name: string; text: string }> {
  const { dockerfile, contextDir } = request;
  if ('text' in dockerfile) return { name: dockerfile.name ?? 'Dockerfile', text: dockerfile.text };
  const name = dockerfile.path || 'Dockerfile';
  const found = await resolveInRoot(contextDir, name, true);
  if (!found?.stats.isFile()) {
    throw invalidParameter(`failed to read dockerfile: open ${name}: no such file or directory`);
  }
  const file = join(contextDir, found.path);
  if ((await stat(file)).size > MAX_DOCKERFILE_SIZE) {
    throw invalidParameter(`failed to read dockerfile: ${name} is larger than ${MAX_DOCKERFILE_SIZE} bytes`);
  }
  return { name, text: await readFile(file, 'utf8') };
}

/** `SOURCE_DATE_EPOCH`: the time, in seconds since 1970, that the image and what it makes are to have. */
function sourceDate({ buildArgs = {} }: BuildRequest): Date | undefined {
  const text = buildArgs.SOURCE_DATE_EPOCH;
  if (text === undefined || text === null || text === '') return undefined;
  if (!/^\d{1,11}$/.test(text))
    throw invalidParameter(`invalid SOURCE_DATE_EPOCH: ${text}: want seconds since 1970`);
  return new Date(Number(text) * 1000);
}

/** The contexts with what is left out of them; only the main one may have its list beside the Dockerfile. */
async function contextFinder(request: BuildRequest): Promise<StepIo['context']> {
  const main = { folder: request.contextDir, ignore: await readIgnore(request) };
  const others = new Map<string, typeof main>();
  for (const [name, context] of request.contexts ?? []) {
    if (context.kind !== 'folder') continue;
    const { folder } = context;
    others.set(name, { folder, ignore: await ignoreOf(folder, ['.dockerignore']) });
  }
  return (name) => {
    const found = name === undefined ? main : others.get(name);
    if (!found) throw new TypeError(`the plan wants the context ${name}, which the request has not`);
    return found;
  };
}

/** `<Dockerfile>.dockerignore` beside the Dockerfile, else the context's .dockerignore. */
async function readIgnore(request: BuildRequest): Promise<PatternMatcher> {
  const { dockerfile, contextDir } = request;
  const own = 'path' in dockerfile ? [`${dockerfile.path}.dockerignore`] : [];
  return await ignoreOf(contextDir, [...own, '.dockerignore']);
}

async function ignoreOf(contextDir: string, names: readonly string[]): Promise<PatternMatcher> {
  for (const name of names) {
    const found = await resolveInRoot(contextDir, name);
    if (!found?.stats.isFile()) continue;
    return new PatternMatcher(ignorePatterns(await readFile(join(contextDir, found.path), 'utf8')));
  }
  return new PatternMatcher([]);
}

import type { Descriptor } from '../api/oci-image.ts';
import type { Digest } from '../core/digest.ts';
import { cancelled, invalidParameter, notImplemented } from '../core/errors.ts';
import { familiarString, parseReference, withDefaultTag } from '../core/reference.ts';
import { describeDockerfile } from './call/describe.ts';
import { contextFinder, readDockerfile, readIgnore } from './context-files.ts';
import { FileDigests } from './copy/file-digests.ts';
import { lint } from './lint/lint.ts';
import { readLintOptions } from './lint/options.ts';
import { type Dockerfile, parseDockerfile, type Stage } from './parse/dockerfile.ts';
import { formatPlatform, hostPlatform, parsePlatform } from './plan/platform.ts';
import { buildPlatforms } from './platforms.ts';
import type { BuildRequest } from './request.ts';
import type { BuildDeps, BuildRun } from './run.ts';
import { sourceDate } from './source-date.ts';
import type { BuiltImage } from './worker.ts';

/** The result of a build. */
interface BuildResult {
  /** The image for this machine, else the first; absent when the request only evaluates the Dockerfile. */
  readonly id?: Digest;
  /** One per platform. */
  readonly images: readonly BuiltImage[];
  /** What the tags refer to, when it is more than the image: an index, or a manifest with annotations. */
  readonly target?: Descriptor;
}

/**
 * Builds a Dockerfile into one image, or one per platform; into none when the request only evaluates the Dockerfile.
 * @throws DockerfileError at the instruction that is wrong or failed; BargeError for an unreadable Dockerfile, an
 * unknown target, an invalid tag, or a cancelled build. The reporter gets `failed` first.
 */
export async function buildImage(request: BuildRequest, deps: BuildDeps): Promise<BuildResult> {
  try {
    return await build(request, deps);
  } catch (error) {
    const reported = request.signal.aborted ? cancelled('build cancelled', { cause: error }) : error;
    deps.reporter.report({ kind: 'failed', error: reported });
    throw reported;
  }
}

async function build(request: BuildRequest, deps: BuildDeps): Promise<BuildResult> {
  const { worker, reporter, clock } = deps;
  if (request.squash) throw notImplemented('squash is not supported: use several stages instead');
  const tags = (request.tags ?? []).map((tag) => familiarString(withDefaultTag(parseReference(tag))));
  const { name, text } = await readDockerfile(request);
  const dockerfile = parseDockerfile(text, name);
  await checkDockerfile(dockerfile, request, deps);
  if (request.call === 'check') return { images: [] };
  if (request.call) {
    reporter.report({ kind: 'described', description: describeDockerfile(dockerfile, request) });
    return { images: [] };
  }
  const epoch = sourceDate(request);
  const run: BuildRun = {
    request,
    deps,
    dockerfile,
    scope: request.scope ?? tags[0] ?? '',
    digests: deps.digests ?? new FileDigests(),
    context: await contextFinder(request),
    now: () => epoch ?? clock.now(),
    began: clock.now(),
  };
  const images = await buildPlatforms(run);
  const published = { annotations: request.annotations ?? [], tags, signal: request.signal };
  const target = await worker.publish(images, published);
  const { id } = preferred(images);
  reporter.report({ kind: 'built', id, images, ...(target ? { target } : {}) });
  for (const tag of tags) {
    await worker.tag(id, tag, target?.digest);
    reporter.report({ kind: 'tagged', reference: tag });
  }
  return { id, images, ...(target ? { target } : {}) };
}

/** The image that represents the build where only one can be named. */
function preferred(images: readonly BuiltImage[]): BuiltImage {
  const host = formatPlatform(hostPlatform());
  const found = images.find(({ platform }) => formatPlatform(parsePlatform(platform)) === host) ?? images[0];
  if (!found) throw new TypeError('a build without platforms');
  return found;
}

/** @throws BargeError invalid-parameter when the Dockerfile requests that findings be errors. */
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
  if (!options.error || findings.length === 0 || request.call) return;
  const rules = [...new Set(findings.map(({ rule }) => rule.name))].join(', ');
  throw invalidParameter(`lint violation found for rules: ${rules}`);
}

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { invalidParameter } from '../core/errors.ts';
import { ignorePatterns, PatternMatcher } from '../core/patterns/path-rules.ts';
import { resolveInRoot } from './copy/rooted.ts';
import type { StepIo } from './execute/io.ts';
import { MAX_DOCKERFILE_SIZE } from './parse/dockerfile.ts';
import type { BuildRequest } from './request.ts';

export async function readDockerfile(request: BuildRequest): Promise<{ name: string; text: string }> {
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

/** The contexts with their ignore rules; only the main one may have its ignore file beside the Dockerfile. */
export async function contextFinder(request: BuildRequest): Promise<StepIo['context']> {
  const main = { directory: request.contextDir, ignore: await readIgnore(request) };
  const others = new Map<string, typeof main>();
  for (const [name, context] of request.contexts ?? []) {
    if (context.kind !== 'directory') continue;
    const { directory } = context;
    others.set(name, { directory, ignore: await ignoreOf(directory, ['.dockerignore']) });
  }
  return (name) => {
    const found = name === undefined ? main : others.get(name);
    if (!found) throw new TypeError(`the plan uses the context ${name}, which the request lacks`);
    return found;
  };
}

/** `<Dockerfile>.dockerignore` beside the Dockerfile, else the context's .dockerignore. */
export async function readIgnore(request: BuildRequest): Promise<PatternMatcher> {
  const { dockerfile, contextDir } = request;
  const own = 'path' in dockerfile ? [`${dockerfile.path}.dockerignore`] : [];
  return await ignoreOf(contextDir, [...own, '.dockerignore']);
}

async function ignoreOf(contextDir: string, names: readonly string[]): Promise<PatternMatcher> {
  for (const name of names) {
    const found = await resolveInRoot(contextDir, name);
    if (!found?.stats.isFile()) continue;
    if (found.stats.size > MAX_DOCKERFILE_SIZE) {
      throw invalidParameter(`failed to read ${name}: it is larger than ${MAX_DOCKERFILE_SIZE} bytes`);
    }
    return new PatternMatcher(ignorePatterns(await readFile(join(contextDir, found.path), 'utf8')));
  }
  return new PatternMatcher([]);
}

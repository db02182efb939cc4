import { readFile } from 'node:fs/promises';
import dockerignore from '@balena/dockerignore';
import { errnoOf } from '../../core/errors.ts';

/** Which paths of a build context stay behind. Paths are relative to the context, with forward slashes. */
export interface ContextFilter {
  ignores(path: string): boolean;
  /** Whether nothing below an ignored folder can come back, so that it need not be looked into. */
  readonly prunesFolders: boolean;
}

const EVERYTHING: ContextFilter = { ignores: () => false, prunesFolders: true };

/**
 * The rules of `<Dockerfile>.dockerignore` if there is one, else of the context's `.dockerignore`. What the build
 * itself needs (`always`) is never left out.
 */
export async function readContextFilter(
  candidates: readonly string[],
  always: readonly string[],
): Promise<ContextFilter> {
  for (const path of candidates) {
    const text = await readIfThere(path);
    if (text !== undefined) return filterOf(text, new Set(always));
  }
  return EVERYTHING;
}

export function filterOf(text: string, always: ReadonlySet<string>): ContextFilter {
  const rules = dockerignore.default({ ignorecase: false }).add(text);
  const negated = text.split('\n').some((line) => line.trimStart().startsWith('!'));
  const inside = [...always];
  return {
    ignores: (path) =>
      !always.has(path) && rules.ignores(path) && !inside.some((kept) => kept.startsWith(`${path}/`)),
    prunesFolders: !negated,
  };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

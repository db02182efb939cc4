import { readFile } from 'node:fs/promises';
import { errnoOf } from '../../core/errors.ts';
import { ignorePatterns, PatternMatcher, type Verdict } from '../../core/patterns/path-rules.ts';

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
 * @throws BargeError invalid-parameter for a pattern that cannot be read.
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
  const patterns = ignorePatterns(text);
  const rules = new FolderVerdicts(new PatternMatcher(patterns));
  const inside = [...always];
  return {
    ignores: (path) =>
      !always.has(path) && rules.matches(path) && !inside.some((kept) => kept.startsWith(`${path}/`)),
    prunesFolders: !patterns.some((pattern) => pattern.startsWith('!')),
  };
}

/** Remembers the verdicts on the folders above the path that was asked for last: a walk goes on from them. */
class FolderVerdicts {
  readonly #rules: PatternMatcher;
  readonly #above: { readonly folder: string; readonly verdict: Verdict }[] = [];

  constructor(rules: PatternMatcher) {
    this.#rules = rules;
  }

  matches(path: string): boolean {
    return !this.#rules.isEmpty && this.#judge(path).matched;
  }

  #judge(path: string): Verdict {
    const slash = path.lastIndexOf('/');
    const parent = slash === -1 ? undefined : this.#folder(path.slice(0, slash));
    return this.#rules.judge(path, parent);
  }

  #folder(folder: string): Verdict {
    for (let last = this.#above.at(-1); last; last = this.#above.at(-1)) {
      if (last.folder === folder) return last.verdict;
      if (folder.startsWith(`${last.folder}/`)) break;
      this.#above.pop();
    }
    const verdict = this.#judge(folder);
    this.#above.push({ folder, verdict });
    return verdict;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

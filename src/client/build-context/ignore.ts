import { readFile } from 'node:fs/promises';
import { errnoOf } from '../../core/errors.ts';
import { ignorePatterns, PatternMatcher, type Verdict } from '../../core/patterns/path-rules.ts';

/** Which paths of a build context are left out. Paths are relative to the context, with forward slashes. */
export interface ContextFilter {
  ignores(path: string): boolean;
  /** Whether no pattern can include anything below an ignored directory, so that it need not be read. */
  readonly prunesDirectories: boolean;
}

const EVERYTHING: ContextFilter = { ignores: () => false, prunesDirectories: true };

/**
 * The rules of `<Dockerfile>.dockerignore` if it exists, else of the context's `.dockerignore`. The files that the
 * build itself needs (`always`) are never left out.
 * @throws BargeError invalid-parameter for a malformed pattern.
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
  const rules = new DirectoryVerdicts(new PatternMatcher(patterns));
  const inside = [...always];
  return {
    ignores: (path) =>
      !always.has(path) && rules.matches(path) && !inside.some((kept) => kept.startsWith(`${path}/`)),
    prunesDirectories: !patterns.some((pattern) => pattern.startsWith('!')),
  };
}

/** Caches the verdicts on the directories above the last path, because a walk asks for neighbours next. */
class DirectoryVerdicts {
  readonly #rules: PatternMatcher;
  readonly #above: { readonly directory: string; readonly verdict: Verdict }[] = [];

  constructor(rules: PatternMatcher) {
    this.#rules = rules;
  }

  matches(path: string): boolean {
    return !this.#rules.isEmpty && this.#judge(path).matched;
  }

  #judge(path: string): Verdict {
    const slash = path.lastIndexOf('/');
    const parent = slash === -1 ? undefined : this.#directory(path.slice(0, slash));
    return this.#rules.judge(path, parent);
  }

  #directory(directory: string): Verdict {
    for (let last = this.#above.at(-1); last; last = this.#above.at(-1)) {
      if (last.directory === directory) return last.verdict;
      if (directory.startsWith(`${last.directory}/`)) break;
      this.#above.pop();
    }
    const verdict = this.#judge(directory);
    this.#above.push({ directory, verdict });
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

import { invalidParameter, messageOf } from '../errors.ts';
import { type Glob, pathGlob } from './glob.ts';

/** Total characters of all patterns; each needs some hundred bytes during a match. */
const MAX_PATTERNS = 1 << 18;

/** Patterns of .dockerignore and `--exclude`, as moby's patternmatcher reads them: the last match decides. */
export class PatternMatcher {
  readonly #rules: readonly Rule[];

  /** @throws BargeError invalid-parameter for a pattern that cannot be parsed. */
  constructor(patterns: readonly string[]) {
    const total = patterns.reduce((sum, { length }) => sum + length, 0);
    if (total > MAX_PATTERNS) {
      throw invalidParameter(
        `invalid excludepatterns: they are longer than ${MAX_PATTERNS} characters in total`,
      );
    }
    this.#rules = patterns.map(readRule).filter((rule) => rule !== undefined);
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  /**
   * Whether the path, relative and without a leading slash, or one of its parent directories is matched.
   * In a walk, pass the verdict on the path's parent, so that the directories above it are not matched again.
   */
  judge(path: string, parent?: Verdict): Verdict {
    const above = parent ?? this.#judgeParent(path);
    const hits = this.#rules.map((rule, index) => above?.hits[index] === true || rule.glob.matches(path));
    const last = hits.lastIndexOf(true);
    return { matched: last !== -1 && this.#rules[last]?.negated === false, hits };
  }

  /** Whether a `!` pattern may still include something below a matched directory. */
  mayWantBelow(directory: string): boolean {
    const prefix = `${directory}/`;
    return this.#rules.some(
      (rule) =>
        rule.negated &&
        (rule.literalPrefix.startsWith(prefix) ||
          prefix.startsWith(rule.literalPrefix === '' ? '' : `${rule.literalPrefix}/`)),
    );
  }

  #judgeParent(path: string): Verdict | undefined {
    const slash = path.lastIndexOf('/');
    return slash === -1 ? undefined : this.judge(path.slice(0, slash));
  }
}

export interface Verdict {
  readonly matched: boolean;
  /** The rules that matched the path or a parent directory. */
  readonly hits: readonly boolean[];
}

interface Rule {
  readonly negated: boolean;
  readonly glob: Glob;
  /** The leading path components without wildcards. */
  readonly literalPrefix: string;
}

/** The patterns of a .dockerignore file: one per line, without `#` comments and blank lines. */
export function ignorePatterns(text: string): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function readRule(pattern: string): Rule | undefined {
  const negated = pattern.startsWith('!');
  if (pattern.trim() === '!') throw invalidParameter('illegal exclusion pattern: "!"');
  const path = cleanPattern(negated ? pattern.slice(1) : pattern);
  if (path === '') return undefined;
  const parts = path.split('/');
  const wild = parts.findIndex((part) => /[*?[\\]/.test(part));
  const literalPrefix = (wild === -1 ? parts : parts.slice(0, wild)).join('/');
  return { negated, glob: readGlob(path), literalPrefix };
}

function readGlob(path: string): Glob {
  try {
    return pathGlob(path, { doubleStar: true });
  } catch (error) {
    throw invalidParameter(`invalid excludepatterns: [${path.slice(0, 200)}]: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Normalises a pattern: removes empty and dot components and a leading slash; `..` removes the component before it. */
export function cleanPattern(pattern: string): string {
  const parts: string[] = [];
  for (const part of pattern.trim().split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

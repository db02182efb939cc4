import { invalidParameter, messageOf } from '../errors.ts';
import { type Glob, pathGlob } from './glob.ts';

/** Characters of all patterns together, each of which becomes some hundred bytes while it is at work. */
const MAX_PATTERNS = 1 << 18;

/** Patterns of .dockerignore and `--exclude`, as moby's patternmatcher reads them: the last match decides. */
export class PatternMatcher {
  readonly #rules: readonly Rule[];

  /** @throws BargeError invalid-parameter for a pattern that cannot be read. */
  constructor(patterns: readonly string[]) {
    const total = patterns.reduce((sum, { length }) => sum + length, 0);
    if (total > MAX_PATTERNS) {
      throw invalidParameter(
        `invalid excludepatterns: they are longer than ${MAX_PATTERNS} characters together`,
      );
    }
    this.#rules = patterns.map(readRule).filter((rule) => rule !== undefined);
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  /**
   * Whether the path, relative and without a leading slash, is matched: by itself or by a directory above it.
   * In a walk, hand in the verdict on the path's directory, so that directories above are not looked at again.
   */
  judge(path: string, parent?: Verdict): Verdict {
    const above = parent ?? this.#judgeParent(path);
    const hits = this.#rules.map((rule, index) => above?.hits[index] === true || rule.glob.matches(path));
    const last = hits.lastIndexOf(true);
    return { matched: last !== -1 && this.#rules[last]?.negated === false, hits };
  }

  /** Whether something below a matched directory may still be wanted, because of a `!` pattern. */
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
  /** Which rules matched, here or above. */
  readonly hits: readonly boolean[];
}

interface Rule {
  readonly negated: boolean;
  readonly glob: Glob;
  /** The leading path parts without wildcards. */
  readonly literalPrefix: string;
}

/** The patterns of a .dockerignore file: one a line, `#` comments and blank lines left out. */
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

/** Without empty and dot parts and a leading slash; `..` parts take off what is before them. */
export function cleanPattern(pattern: string): string {
  const parts: string[] = [];
  for (const part of pattern.trim().split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

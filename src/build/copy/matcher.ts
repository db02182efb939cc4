/** Patterns of .dockerignore and `--exclude`, as moby's patternmatcher reads them: the last match decides. */
export class PatternMatcher {
  readonly #rules: readonly Rule[];

  constructor(patterns: readonly string[]) {
    this.#rules = patterns.map(readRule).filter((rule) => rule !== undefined);
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  /**
   * Whether the path, relative and without a leading slash, is matched: by itself or by a folder above it.
   * In a walk, hand in the verdict on the path's folder, so that folders above are not looked at again.
   */
  judge(path: string, parent?: Verdict): Verdict {
    const above = parent ?? this.#judgeParent(path);
    const hits = this.#rules.map((rule, index) => above?.hits[index] === true || rule.regex.test(path));
    const last = hits.lastIndexOf(true);
    return { matched: last !== -1 && this.#rules[last]?.negated === false, hits };
  }

  /** Whether something below a matched folder may still be wanted, because of a `!` pattern. */
  mayWantBelow(folder: string): boolean {
    const prefix = `${folder}/`;
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
  readonly regex: RegExp;
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
  const path = cleanPattern(negated ? pattern.slice(1) : pattern);
  if (path === '' || path === '.') return undefined;
  const parts = path.split('/');
  const wild = parts.findIndex((part) => /[*?[\\]/.test(part));
  const literalPrefix = (wild === -1 ? parts : parts.slice(0, wild)).join('/');
  return { negated, regex: new RegExp(`^${globSource(path)}$`, 'su'), literalPrefix };
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

/**
 * A regular expression's source for a pattern of Go's filepath.Match, with `**` for any number of folders.
 */
export function globSource(pattern: string): string {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i] ?? '';
    if (char === '*' && pattern[i + 1] === '*') {
      i++;
      if (pattern[i + 1] === '/') i++;
      source += i + 1 >= pattern.length ? '.*' : '(?:.*/)?';
    } else if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '[') {
      const end = pattern.indexOf(']', i + 2);
      if (end === -1) source += '\\[';
      else {
        source += characterClass(pattern.slice(i + 1, end));
        i = end;
      }
    } else if (char === '\\' && i + 1 < pattern.length) source += literal(pattern[++i] ?? '');
    else source += literal(char);
  }
  return source;
}

/** `[a-z]`, `[^0-9]`: Go's classes match anything but a slash when negated. */
function characterClass(body: string): string {
  const negated = body.startsWith('^');
  const inner = (negated ? body.slice(1) : body).replace(/[\\\][^|(){}/]/g, (char) => `\\${char}`);
  return negated ? `[^/${inner}]` : `[${inner}]`;
}

const literal = (char: string) => char.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');

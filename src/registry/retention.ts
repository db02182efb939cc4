import { invalidParameter } from '../core/errors.ts';
import { isObject } from '../core/is-object.ts';
import { textGlob } from '../core/patterns/glob.ts';

/**
 * Retention of a repository's tags. A rule applies to the tags that match `tags`; a tag to which no rule applies
 * is kept, and so is one that any rule keeps.
 */
export interface RetentionRule {
  /** Patterns with `*` for any characters and `?` for one; all tags when there are none. */
  readonly tags?: readonly string[];
  /** Number of tags to keep, by the time they were last set. */
  readonly keepLast?: number;
  /** Keeps tags set within this number of days. */
  readonly keepDays?: number;
}

/** A rule for the repositories whose names match. */
export interface RetentionPolicy extends RetentionRule {
  readonly repositories: readonly string[];
}

/** Maximum patterns of a rule, and characters of a pattern: repository names have at most 255. */
const MAX_PATTERNS = 100;
const MAX_PATTERN = 300;

const DAY = 24 * 3600_000;

/** @param tags `at` undefined: removed meanwhile. @param now milliseconds since 1970, like all times here. */
export function tagsToDrop(
  tags: readonly { readonly tag: string; readonly at: number | undefined }[],
  rules: readonly RetentionRule[],
  now: number,
): string[] {
  const dated = tags.flatMap(({ tag, at }) => (at === undefined ? [] : [{ tag, at }]));
  dated.sort((a, b) => b.at - a.at || (a.tag < b.tag ? 1 : -1));
  const spoken = new Set<string>();
  const kept = new Set<string>();
  for (const { tags: patterns, keepLast = 0, keepDays = 0 } of rules) {
    const globs = (patterns ?? ['*']).map(textGlob);
    const matching = dated.filter(({ tag }) => globs.some((glob) => glob.matches(tag)));
    for (const [place, { tag, at }] of matching.entries()) {
      spoken.add(tag);
      if (place < keepLast || now - at < keepDays * DAY) kept.add(tag);
    }
  }
  return [...spoken].filter((tag) => !kept.has(tag));
}

function matchesAny(text: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => textGlob(pattern).matches(text));
}

export const rulesFor = (repository: string, policies: readonly RetentionPolicy[]): RetentionRule[] =>
  policies.filter(({ repositories }) => matchesAny(repository, repositories));

/** @throws BargeError invalid-parameter with the position and kind of the mistake. */
export function parsePolicies(value: unknown): RetentionPolicy[] {
  if (!Array.isArray(value)) throw invalidParameter('retention rules: want a list');
  return value.map((item: unknown, index) => {
    const where = `retention rule ${index + 1}`;
    if (!isObject(item)) throw invalidParameter(`${where}: want an object`);
    const { repositories, ...rule } = item;
    return {
      repositories: patterns(repositories ?? ['*'], `${where}: repositories`),
      ...parseRule(rule, where),
    };
  });
}

/** @throws BargeError invalid-parameter, among others for a rule that keeps nothing, which would remove everything. */
export function parseRule(value: unknown, where = 'retention rule'): RetentionRule {
  if (!isObject(value)) throw invalidParameter(`${where}: want an object`);
  const { tags, keepLast, keepDays, ...unknown } = value;
  const [other] = Object.keys(unknown);
  if (other) throw invalidParameter(`${where}: unknown member "${other}"; want tags, keepLast, keepDays`);
  if (keepLast === undefined && keepDays === undefined) {
    throw invalidParameter(`${where}: want keepLast, keepDays or both`);
  }
  return {
    ...(tags === undefined ? {} : { tags: patterns(tags, `${where}: tags`) }),
    ...(keepLast === undefined ? {} : { keepLast: count(keepLast, `${where}: keepLast`) }),
    ...(keepDays === undefined ? {} : { keepDays: count(keepDays, `${where}: keepDays`) }),
  };
}

function patterns(value: unknown, where: string): string[] {
  const list = typeof value === 'string' ? [value] : value;
  if (
    Array.isArray(list) &&
    list.length > 0 &&
    list.length <= MAX_PATTERNS &&
    list.every((item) => typeof item === 'string' && item !== '' && item.length <= MAX_PATTERN)
  ) {
    return list;
  }
  throw invalidParameter(
    `${where}: want a list of patterns, at most ${MAX_PATTERNS} of at most ${MAX_PATTERN} characters`,
  );
}

function count(value: unknown, where: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw invalidParameter(`${where}: want a number that is not negative`);
}

import type { PatternMatcher } from '../../core/patterns/path-rules.ts';
import type { Dockerfile, Stage } from '../parse/dockerfile.ts';
import type { Span } from '../parse/source.ts';
import type { Rule } from './rules.ts';

/** What rules look at. */
export interface LintContext {
  readonly dockerfile: Dockerfile;
  /** The rules of .dockerignore; absent where the context is not known. */
  readonly ignore?: PatternMatcher;
  /** Names of the variables that a base image sets; undefined where the image is not known. */
  envOf(stage: Stage): readonly string[] | undefined;
}

/** Reports that a rule is broken at a place. */
export type Report = <Details extends readonly unknown[]>(
  rule: Rule<Details>,
  span: Span,
  ...details: Details
) => void;

export interface Finding {
  readonly rule: Pick<Rule, 'name' | 'description' | 'url'>;
  /** What is wrong here, in one sentence. */
  readonly detail: string;
  readonly span: Span;
}

import type { PatternMatcher } from '../../core/patterns/path-rules.ts';
import type { Dockerfile, Stage } from '../parse/dockerfile.ts';
import type { Span } from '../parse/source.ts';
import type { Rule } from './rules.ts';

/** The input of the rules. */
export interface LintContext {
  readonly dockerfile: Dockerfile;
  /** The rules of .dockerignore; absent when the context is not available. */
  readonly ignore?: PatternMatcher;
  /** Names of the variables that a base image sets; undefined when the image is not available. */
  envOf(stage: Stage): readonly string[] | undefined;
}

/** Reports a violation of a rule at a position. */
export type Report = <Details extends readonly unknown[]>(
  rule: Rule<Details>,
  span: Span,
  ...details: Details
) => void;

export interface Finding {
  readonly rule: Pick<Rule, 'name' | 'description' | 'url'>;
  /** The message of the finding, one sentence. */
  readonly detail: string;
  readonly span: Span;
}

import type { PatternMatcher } from '../../core/patterns/path-rules.ts';
import type { Dockerfile, Stage } from '../parse/dockerfile.ts';
import type { Span } from '../parse/source.ts';
import { lintFrom, lintStageNames } from './from-rules.ts';
import { lintInstructions } from './instruction-rules.ts';
import type { LintOptions } from './options.ts';
import { EXPERIMENTAL, type RuleName } from './rules.ts';
import { lintText } from './text-rules.ts';
import { lintVariables } from './variable-rules.ts';

export interface Finding {
  readonly rule: RuleName;
  /** What is wrong here, in one sentence. */
  readonly detail: string;
  readonly span: Span;
}

export interface LintContext {
  readonly dockerfile: Dockerfile;
  /** What .dockerignore leaves out; absent: nobody knows. */
  readonly ignore?: PatternMatcher;
  /** Names of the variables of a base image; undefined: nobody knows. */
  envOf(stage: Stage): readonly string[] | undefined;
}

export type Report = (rule: RuleName, span: Span, detail: string) => void;

/** What BuildKit's documented rules find in a Dockerfile, in the order of its lines. */
export function lint(context: LintContext, options: LintOptions): Finding[] {
  const found: Finding[] = [];
  const report: Report = (rule, span, detail) => {
    if (isOn(rule, options)) found.push({ rule, span, detail });
  };
  lintText(context, report);
  lintStageNames(context, report);
  lintFrom(context, report);
  lintInstructions(context, report);
  lintVariables(context, report);
  return found.sort((a, b) => a.span.line - b.span.line);
}

function isOn(rule: RuleName, options: LintOptions): boolean {
  if (EXPERIMENTAL.includes(rule)) return options.experimentalAll || options.experimental.has(rule);
  return !options.skipAll && !options.skip.has(rule);
}

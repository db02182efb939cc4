import type { Finding, LintContext, Report } from './context.ts';
import { lintFrom, lintStageNames } from './from-rules.ts';
import { lintInstructions } from './instruction-rules.ts';
import type { LintOptions } from './options.ts';
import type { Rule } from './rules.ts';
import { lintText } from './text-rules.ts';
import { lintVariables } from './variable-rules.ts';

/** The findings of BuildKit's documented rules in a Dockerfile, ordered by line. */
export function lint(context: LintContext, options: LintOptions): Finding[] {
  const found: Finding[] = [];
  const report: Report = (rule, span, ...details) => {
    if (isOn(rule, options)) found.push({ rule, span, detail: rule.message(...details) });
  };
  lintText(context, report);
  lintStageNames(context, report);
  lintFrom(context, report);
  lintInstructions(context, report);
  lintVariables(context, report);
  return found.sort((a, b) => a.span.line - b.span.line);
}

function isOn({ name, experimental }: Pick<Rule, 'name' | 'experimental'>, options: LintOptions): boolean {
  if (experimental) return options.experimentalAll || options.experimental.has(name);
  return !options.skipAll && !options.skip.has(name);
}

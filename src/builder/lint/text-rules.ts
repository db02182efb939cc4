import type { Arg, From, Instruction, Origin } from '../parse/instruction.ts';
import type { LintContext, Report } from './context.ts';
import {
  CONSISTENT_INSTRUCTION_CASING,
  INVALID_DEFINITION_DESCRIPTION,
  NO_EMPTY_CONTINUATION,
} from './rules.ts';

type Written = Origin & { readonly verb: string };

/** Rules about the format of lines. */
export function lintText({ dockerfile }: LintContext, report: Report): void {
  for (const { kind, line } of dockerfile.warnings) {
    if (kind !== 'empty-continuation') continue;
    report(NO_EMPTY_CONTINUATION, { line, column: 1, endLine: line });
  }
  const written: Written[] = [
    ...dockerfile.globalArgs,
    ...dockerfile.stages.flatMap(({ from, instructions }) => [from, ...instructions]),
  ];
  lintCasing(written, report);
  for (const origin of written) {
    if (origin.verb === 'FROM' || origin.verb === 'ARG')
      lintDescription(dockerfile.source.lines, origin, report);
  }
}

const wordOf = ({ text }: Origin) => /^\S+/.exec(text)?.[0] ?? '';

/** All instructions should have the case that most have. */
function lintCasing(written: readonly Written[], report: Report): void {
  const lower = written.filter((origin) => wordOf(origin) === wordOf(origin).toLowerCase()).length;
  const upper = written.filter((origin) => wordOf(origin) === wordOf(origin).toUpperCase()).length;
  const majority = lower > upper ? 'lowercase' : 'uppercase';
  for (const origin of written) {
    const word = wordOf(origin);
    const wanted = majority === 'lowercase' ? word.toLowerCase() : word.toUpperCase();
    if (word === wanted) continue;
    report(CONSISTENT_INSTRUCTION_CASING, origin.span, word, majority);
  }
}

/** A comment right above a stage or an argument is its description. */
function lintDescription(
  lines: readonly string[],
  origin: (From | Arg | Instruction | { readonly verb: string }) & Origin,
  report: Report,
): void {
  const above = lines[origin.span.line - 2] ?? '';
  const comment = /^\s*#\s*(.*)$/.exec(above)?.[1];
  if (comment === undefined || /^\w+\s*=/.test(comment)) return;
  const [first, ...others] = definedNames(origin);
  if (first === undefined || [first, ...others].some((name) => comment.startsWith(`${name} `))) return;
  report(INVALID_DEFINITION_DESCRIPTION, origin.span, first);
}

function definedNames(origin: { readonly verb: string }): string[] {
  if (origin.verb === 'FROM') return [(origin as From).name ?? ''].filter(Boolean);
  return (origin as Arg).args.map(({ key }) => key);
}

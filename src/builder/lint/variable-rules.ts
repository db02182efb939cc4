import { nearest } from '../../core/nearest.ts';
import type { Stage } from '../parse/dockerfile.ts';
import type { Instruction } from '../parse/instruction.ts';
import type { LintContext, Report } from './context.ts';
import { variablesOf } from './from-rules.ts';
import { UNDEFINED_VAR } from './rules.ts';

/** Variables available in every stage: from a shell's environment, and from the builder. */
const ALWAYS = ['PATH', 'HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'];
/** Instructions whose arguments the builder expands; a shell expands those of the others. */
const EXPANDED = ['ADD', 'COPY', 'ENV', 'EXPOSE', 'LABEL', 'STOPSIGNAL', 'USER', 'VOLUME', 'WORKDIR'];

/** Variables that are used before they are set. Stages on unavailable images are skipped. */
export function lintVariables(context: LintContext, report: Report): void {
  const known = new Map<string, ReadonlySet<string> | undefined>();
  for (const stage of context.dockerfile.stages) {
    const parent = known.get(stage.from.image.toLowerCase());
    const inherited = known.has(stage.from.image.toLowerCase()) ? parent : knownFrom(context, stage);
    const after = inherited && lintStage(stage, new Set(inherited), report);
    if (stage.from.name !== undefined) known.set(stage.from.name, after);
  }
}

function knownFrom(context: LintContext, stage: Stage): ReadonlySet<string> | undefined {
  const env = stage.from.image === 'scratch' ? [] : context.envOf(stage);
  const lower = ALWAYS.map((name) => name.toLowerCase());
  return env && new Set([...ALWAYS, ...lower, ...env]);
}

/** @returns the variables that are set at the end of the stage. */
function lintStage(stage: Stage, defined: Set<string>, report: Report): Set<string> {
  for (const instruction of stage.instructions) {
    if (EXPANDED.includes(instruction.verb)) {
      for (const name of new Set(variablesOf(instruction.text.replace(/<<-?['"]?\w+.*/s, '')))) {
        if (defined.has(name)) continue;
        report(UNDEFINED_VAR, instruction.span, name, nearest(name, [...defined]));
      }
    }
    for (const name of setBy(instruction)) defined.add(name);
  }
  return defined;
}

function setBy(instruction: Instruction): readonly string[] {
  if (instruction.verb === 'ARG') return instruction.args.map(({ key }) => key);
  return instruction.verb === 'ENV' ? instruction.pairs.map(({ key }) => key) : [];
}

import { invalidParameter, messageOf } from '../../core/errors.ts';
import { type Directives, readDirectives } from './directives.ts';
import { DockerfileError, SyntaxMistake } from './errors.ts';
import type { Arg, From, Instruction, InstructionBody, Origin } from './instruction.ts';
import { interpret } from './interpret.ts';
import { type LogicalLine, readLogicalLines, type SourceWarning } from './logical-lines.ts';
import { type SourceFile, type Span, sourceFile } from './source.ts';

/** A FROM and the instructions after it. */
export interface Stage {
  readonly from: From & Origin;
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  readonly source: SourceFile;
  readonly directives: Directives;
  /** ARGs above the first FROM: in scope for FROM lines, and for stages that declare them again. */
  readonly globalArgs: readonly (Arg & Origin)[];
  readonly stages: readonly Stage[];
  readonly warnings: readonly SourceWarning[];
}

/** Maximum size of a Dockerfile, which is read into memory. Bytes. */
export const MAX_DOCKERFILE_SIZE = 4 * 1024 * 1024;

/**
 * Parses a Dockerfile's text: the grammar of BuildKit's Dockerfile front end.
 * @throws DockerfileError at the position of the first mistake, BargeError invalid-parameter for an empty file.
 */
export function parseDockerfile(text: string, name = 'Dockerfile'): Dockerfile {
  const source = sourceFile(name, text);
  const directives = readDirectives(source);
  const { lines, warnings } = readLogicalLines(source, directives.escape);
  if (lines.length === 0) throw invalidParameter(`${name}: file with no instructions`);
  const globalArgs: (Arg & Origin)[] = [];
  const stages: { from: From & Origin; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const body = readLine(source, line, directives.escape);
    const origin = { span: line.span, text: line.text.trim() };
    const stage = stages.at(-1);
    if (body.verb === 'FROM') stages.push({ from: { ...body, ...origin }, instructions: [] });
    else if (stage) stage.instructions.push({ ...body, ...origin });
    else if (body.verb === 'ARG') globalArgs.push({ ...body, ...origin });
    else throw new DockerfileError(source, line.span, 'no build stage in current context');
  }
  if (stages.length === 0) throw invalidParameter(`${name}: dockerfile contains no stages to build`);
  return { source, directives, globalArgs, stages, warnings };
}

/** Parses the instruction of an ONBUILD trigger; mistakes are reported at `span`, the FROM that triggers it. */
export function parseTrigger(trigger: string, source: SourceFile, span: Span): Instruction {
  const inTrigger = <T>(read: () => T): T => {
    try {
      return read();
    } catch (error) {
      const reason = error instanceof DockerfileError ? error.summary : messageOf(error);
      throw new DockerfileError(source, span, `onbuild trigger "${trigger}": ${reason}`, { cause: error });
    }
  };
  const lines = inTrigger(() => readLogicalLines(sourceFile('ONBUILD', trigger), '\\').lines);
  const [line] = lines;
  if (!line || lines.length > 1) {
    throw new DockerfileError(source, span, `onbuild trigger should be a single expression: ${trigger}`);
  }
  const body = inTrigger(() => interpret(line.text, 0, line.heredocs, '\\'));
  if (body.verb === 'FROM') {
    throw new DockerfileError(source, span, "FROM isn't allowed as an ONBUILD trigger");
  }
  return { ...body, span, text: line.text.trim() };
}

function readLine(source: SourceFile, line: LogicalLine, escapeChar: string): InstructionBody {
  try {
    return interpret(line.text, 0, line.heredocs, escapeChar);
  } catch (error) {
    const offset = error instanceof SyntaxMistake ? error.offset : undefined;
    const position = line.positionAt(offset ?? 0);
    throw new DockerfileError(source, { ...position, endLine: line.span.endLine }, messageOf(error), {
      cause: error,
    });
  }
}

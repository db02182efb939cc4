import { SyntaxMistake } from './errors.ts';
import type { Heredoc } from './heredoc.ts';
import type { InstructionBody } from './instruction.ts';
import { readStatement, type Statement } from './statement.ts';
import { suggestion } from './suggest.ts';
import { readCopy } from './verbs/copy.ts';
import { readFrom } from './verbs/from.ts';
import { readHealthcheck } from './verbs/healthcheck.ts';
import { readOnbuild } from './verbs/onbuild.ts';
import { readArg, readPairs } from './verbs/pairs.ts';
import { readRun } from './verbs/run.ts';
import { readCommand, readList, readShell, readSingle } from './verbs/values.ts';

const VERBS: Readonly<Record<string, (statement: Statement) => InstructionBody>> = {
  FROM: readFrom,
  RUN: readRun,
  COPY: (statement) => readCopy(statement, 'COPY'),
  ADD: (statement) => readCopy(statement, 'ADD'),
  ENV: (statement) => readPairs(statement, 'ENV'),
  LABEL: (statement) => readPairs(statement, 'LABEL'),
  ARG: readArg,
  CMD: (statement) => readCommand(statement, 'CMD'),
  ENTRYPOINT: (statement) => readCommand(statement, 'ENTRYPOINT'),
  SHELL: readShell,
  WORKDIR: (statement) => readSingle(statement, 'WORKDIR'),
  USER: (statement) => readSingle(statement, 'USER'),
  STOPSIGNAL: (statement) => readSingle(statement, 'STOPSIGNAL'),
  MAINTAINER: (statement) => readSingle(statement, 'MAINTAINER'),
  EXPOSE: (statement) => readList(statement, 'EXPOSE'),
  VOLUME: (statement) => readList(statement, 'VOLUME'),
  HEALTHCHECK: readHealthcheck,
  ONBUILD: (statement) =>
    readOnbuild(statement, (rest) => {
      interpret(rest.text, rest.offset, statement.heredocs, statement.escapeChar);
    }),
};

/** Parses one logical line. @throws SyntaxMistake. */
export function interpret(
  text: string,
  offset: number,
  heredocs: readonly Heredoc[],
  escapeChar: string,
): InstructionBody {
  const statement = readStatement(text, offset, heredocs, escapeChar);
  const { verb } = statement;
  const read = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (!read) throw new SyntaxMistake(`unknown instruction: ${verb}${suggestion(verb, Object.keys(VERBS))}`);
  return read(statement);
}

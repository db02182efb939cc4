import { SyntaxMistake } from '../errors.ts';
import type { Command, Expose, Shell, Single } from '../instruction.ts';
import { jsonStrings } from '../json.ts';
import type { Statement } from '../statement.ts';
import { plainWords } from '../words.ts';
import { commandLine } from './run.ts';

/** WORKDIR, USER, STOPSIGNAL and MAINTAINER take the rest of the line as one value. */
export function readSingle(statement: Statement, verb: Single['verb']): Single {
  statement.flags.read({});
  if (statement.rest.text === '') throw new SyntaxMistake(`${verb} requires exactly one argument`);
  return { verb, value: statement.rest.text };
}

export function readCommand(statement: Statement, verb: Command['verb']): Command {
  statement.flags.read({});
  return { verb, command: commandLine(statement.rest) };
}

export function readShell(statement: Statement): Shell {
  statement.flags.read({});
  const shell = jsonStrings(statement.rest);
  if (statement.rest.text === '' || shell?.length === 0) {
    throw new SyntaxMistake('SHELL requires at least one argument');
  }
  if (!shell) {
    throw new SyntaxMistake(`SHELL requires the arguments to be in JSON form`, statement.rest.offset);
  }
  return { verb: 'SHELL', shell };
}

/** `EXPOSE 80 443/udp …` and `VOLUME /data …` or `VOLUME ["/data"]`. */
export function readList(statement: Statement, verb: Expose['verb']): Expose {
  statement.flags.read({});
  const { rest } = statement;
  const json = verb === 'VOLUME' ? jsonStrings(rest) : undefined;
  const values = json ?? plainWords(rest.text).map((word) => word.text);
  if (values.length === 0) throw new SyntaxMistake(`${verb} requires at least one argument`);
  if (values.some((value) => value.trim() === '')) {
    throw new SyntaxMistake(`${verb} specified can not be an empty string`, rest.offset);
  }
  return { verb, values: values.map((value) => value.trim()) };
}

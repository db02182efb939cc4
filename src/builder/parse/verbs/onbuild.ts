import { SyntaxMistake } from '../errors.ts';
import type { Onbuild } from '../instruction.ts';
import type { Statement } from '../statement.ts';

/**
 * `ONBUILD instruction`. `check` validates the instruction now; it is stored as text and parsed again in the build that
 * it triggers in.
 */
export function readOnbuild(statement: Statement, check: (trigger: Statement['rest']) => void): Onbuild {
  statement.flags.read({});
  const { rest, heredocs } = statement;
  if (rest.text === '') throw new SyntaxMistake('ONBUILD requires at least one argument');
  const trigger = (/^\S+/.exec(rest.text)?.[0] ?? '').toUpperCase();
  if (trigger === 'ONBUILD') {
    throw new SyntaxMistake("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", rest.offset);
  }
  if (trigger === 'MAINTAINER' || trigger === 'FROM') {
    throw new SyntaxMistake(`${trigger} isn't allowed as an ONBUILD trigger`, rest.offset);
  }
  check(rest);
  const documents = heredocs.map((heredoc) => `\n${heredoc.content}${heredoc.name}`).join('');
  return { verb: 'ONBUILD', trigger: rest.text + documents };
}

import { SyntaxMistake } from '../errors.ts';
import type { Arg, Env, Pair } from '../instruction.ts';
import type { Statement } from '../statement.ts';
import { rawWords } from '../words.ts';

/** `ENV k=v …` and `LABEL k=v …`; or, in the legacy form, `ENV k everything else`. */
export function readPairs(statement: Statement, verb: Env['verb']): Env {
  statement.flags.read({});
  const { rest, escapeChar } = statement;
  const words = rawWords(rest.text, escapeChar, rest.offset);
  const [first] = words;
  if (!first) throw new SyntaxMistake(`${verb} requires at least one argument`);
  if (!first.text.includes('=')) return { verb, pairs: [legacyPair(rest.text, verb)] };
  return { verb, pairs: words.map((word) => pair(word.text, verb, word.offset)) };
}

function legacyPair(text: string, verb: string): Pair {
  const match = /^(\S+)\s+([\s\S]*)$/.exec(text);
  if (!match) throw new SyntaxMistake(`${verb} must have two arguments`);
  return { key: match[1] ?? '', value: match[2] ?? '' };
}

function pair(word: string, verb: string, offset: number): Pair {
  const equals = word.indexOf('=');
  if (equals === -1) {
    throw new SyntaxMistake(
      `Syntax error - can't find = in "${word}". Must be of the form: name=value`,
      offset,
    );
  }
  if (equals === 0) throw new SyntaxMistake(`${verb} names can not be blank`, offset);
  return { key: word.slice(0, equals), value: word.slice(equals + 1) };
}

/** `ARG name[=default] …` */
export function readArg(statement: Statement): Arg {
  statement.flags.read({});
  const { rest, escapeChar } = statement;
  const words = rawWords(rest.text, escapeChar, rest.offset);
  if (words.length === 0) throw new SyntaxMistake('ARG requires at least one argument');
  const args = words.map((word) =>
    word.text.includes('=') ? pair(word.text, 'ARG', word.offset) : { key: word.text },
  );
  return { verb: 'ARG', args };
}

import { SyntaxMistake } from '../errors.ts';
import { type Heredoc, heredocStart } from '../heredoc.ts';
import type { Copy } from '../instruction.ts';
import { jsonStrings } from '../json.ts';
import type { FlagSpec, Statement } from '../statement.ts';
import { plainWords } from '../words.ts';

const FLAGS: Record<Copy['verb'], FlagSpec> = {
  COPY: { from: 'text', chown: 'text', chmod: 'text', link: 'switch', parents: 'switch', exclude: 'list' },
  ADD: {
    chown: 'text',
    chmod: 'text',
    link: 'switch',
    exclude: 'list',
    checksum: 'text',
    unpack: 'switch',
    'keep-git-dir': 'switch',
  },
};

/** `COPY [flags] source… destination`, and the same for ADD; either part may be JSON. */
export function readCopy(statement: Statement, verb: Copy['verb']): Copy {
  const { rest, escapeChar } = statement;
  const words = jsonStrings(rest) ?? plainWords(rest.text).map((word) => word.text);
  const destination = words.at(-1);
  if (words.length < 2 || destination === undefined) {
    const problem = 'requires at least two arguments, but only one was provided';
    throw new SyntaxMistake(`${verb} ${problem}. Destination could not be determined`);
  }
  if (heredocStart(destination, escapeChar)) {
    throw new SyntaxMistake(`${verb} cannot accept a heredoc as a destination`);
  }
  const flags = statement.flags.read(FLAGS[verb]);
  const from = flags.text('from');
  const chown = flags.text('chown');
  const chmod = flags.text('chmod');
  const checksum = flags.text('checksum');
  const unpack = flags.switch('unpack');
  const keepGitDir = flags.switch('keep-git-dir');
  return {
    verb,
    ...splitSources(words.slice(0, -1), statement),
    destination,
    link: flags.switch('link') ?? false,
    parents: flags.switch('parents') ?? false,
    exclude: flags.list('exclude'),
    ...(from === undefined ? {} : { from }),
    ...(chown === undefined ? {} : { chown }),
    ...(chmod === undefined ? {} : { chmod }),
    ...(checksum === undefined ? {} : { checksum }),
    ...(unpack === undefined ? {} : { unpack }),
    ...(keepGitDir === undefined ? {} : { keepGitDir }),
  };
}

function splitSources(words: readonly string[], statement: Statement) {
  const sources: string[] = [];
  const documents: Heredoc[] = [];
  for (const word of words) {
    const start = heredocStart(word, statement.escapeChar);
    const document = start && statement.heredocs.find((heredoc) => heredoc.name === start.name);
    if (document) documents.push(document);
    else sources.push(word);
  }
  return { sources, documents };
}

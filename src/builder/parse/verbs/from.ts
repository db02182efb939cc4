import { SyntaxMistake } from '../errors.ts';
import type { From } from '../instruction.ts';
import type { Statement } from '../statement.ts';
import { plainWords } from '../words.ts';

const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/;

/** `FROM [--platform=p] image [AS name]` */
export function readFrom(statement: Statement): From {
  const words = plainWords(statement.rest.text, statement.rest.offset);
  const [image, as, name] = words;
  if (!image || (words.length !== 1 && !(words.length === 3 && as?.text.toLowerCase() === 'as'))) {
    throw new SyntaxMistake('FROM requires either one or three arguments', as?.offset);
  }
  if (name && !STAGE_NAME.test(name.text.toLowerCase())) {
    const rule = "name can't start with a number or contain symbols";
    throw new SyntaxMistake(`invalid name for build stage: "${name.text}", ${rule}`, name.offset);
  }
  const platform = statement.flags.read({ platform: 'text' }).text('platform');
  return {
    verb: 'FROM',
    image: image.text,
    ...(name ? { name: name.text.toLowerCase() } : {}),
    ...(platform === undefined ? {} : { platform }),
  };
}

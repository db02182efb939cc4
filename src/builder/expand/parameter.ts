import { SyntaxMistake } from '../parse/errors.ts';
import { removePrefix, removeSuffix, replace } from './pattern.ts';
import type { EscapeMode, Scanner } from './scanner.ts';

/** Expands the text up to `stop`, which is consumed. */
type ReadWord = (stop: string, escapes: EscapeMode) => string;

/** Expands a substitution that starts with a dollar: `$name`, `${name}`, or `${name<modifier>word}`. */
export function readParameter(scanner: Scanner, readWord: ReadWord): string {
  scanner.next();
  if (scanner.peek() !== '{') {
    const name = readName(scanner);
    return name === '' ? '$' : (scanner.lookup(name) ?? '');
  }
  scanner.next();
  if (scanner.done) throw new SyntaxMistake("syntax error: missing '}'");
  if (['{', '}', ':'].includes(scanner.peek())) throw new SyntaxMistake('syntax error: bad substitution');
  const name = readName(scanner);
  const operator = scanner.next();
  const value = scanner.lookup(name);
  switch (operator) {
    case '}':
      return value ?? '';
    case ':':
      return applyTest(
        name,
        value === '' ? undefined : value,
        `:${scanner.next()}`,
        scanner,
        readWord,
        value,
      );
    case '-':
    case '+':
    case '?':
      return applyTest(name, value, operator, scanner, readWord, value);
    case '#':
    case '%':
      return applyTrim(value ?? '', operator, scanner, readWord);
    case '/':
      return applyReplace(value ?? '', scanner, readWord);
    default:
      throw new SyntaxMistake(
        operator === '' ? "syntax error: missing '}'" : `unsupported modifier (${operator}) in substitution`,
      );
  }
}

/** `usable` is the value if the test counts it as set; `original` distinguishes unset from empty. */
function applyTest(
  name: string,
  usable: string | undefined,
  operator: string,
  scanner: Scanner,
  readWord: ReadWord,
  original: string | undefined,
): string {
  const word = closing(scanner, () => readWord('}', 'take'));
  switch (operator.at(-1)) {
    case '-':
      return usable ?? word;
    case '+':
      return usable === undefined ? '' : word;
    case '?': {
      if (usable !== undefined) return usable;
      const fault = original === undefined ? 'is not allowed to be unset' : 'is not allowed to be empty';
      throw new SyntaxMistake(`${name}: ${word || fault}`);
    }
    default:
      throw new SyntaxMistake(`unsupported modifier (${operator}) in substitution`);
  }
}

function applyTrim(value: string, operator: '#' | '%', scanner: Scanner, readWord: ReadWord): string {
  const longest = scanner.peek() === operator;
  if (longest) scanner.next();
  const pattern = closing(scanner, () => readWord('}', 'keep'));
  return operator === '#' ? removePrefix(value, pattern, longest) : removeSuffix(value, pattern, longest);
}

function applyReplace(value: string, scanner: Scanner, readWord: ReadWord): string {
  const all = scanner.peek() === '/';
  if (all) scanner.next();
  const pattern = closing(scanner, () => readWord('/', 'keep'), "syntax error: missing '/' in ${}");
  const replacement = closing(scanner, () => readWord('}', 'take'));
  return replace(value, pattern, replacement, all);
}

/** Runs `read`; reaching the end of the text means that the substitution is not closed. */
function closing(scanner: Scanner, read: () => string, message = "syntax error: missing '}'"): string {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyntaxMistake && scanner.done) throw new SyntaxMistake(message);
    throw error;
  }
}

/** Letters, digits and underscores; or one special parameter of the shell; or digits alone. */
function readName(scanner: Scanner): string {
  const first = scanner.peek();
  if (/[@*#?\-$!]/.test(first)) return scanner.next();
  const accepted = /\d/.test(first) ? /\d/ : /[\p{L}\p{Nd}_]/u;
  let name = '';
  while (!scanner.done && accepted.test(scanner.peek())) name += scanner.next();
  return name;
}

import { depthOf } from '../../core/bounded-json.ts';
import { invalidParameter } from '../../core/errors.ts';
import { syntaxProblem } from './syntax.ts';

/** Far more than any request needs, and few enough for recursive readers. */
const MAX_DEPTH = 1000;

/**
 * JSON whose integers are exact: one that a number cannot hold is a bigint.
 * @throws BargeError invalid-parameter, in Go's words, for what is not JSON or nests too deep.
 */
export function parseExactJson(text: string): unknown {
  /* Every nesting takes a bracket: text that is short cannot be deep. */
  if (text.length > MAX_DEPTH && depthOf(Buffer.from(text)) > MAX_DEPTH) {
    throw invalidParameter('invalid JSON: exceeded max depth');
  }
  try {
    return /\d{16}/.test(text) ? JSON.parse(text, keepExact as Reviver) : JSON.parse(text);
  } catch (error) {
    const problem = syntaxProblem(text);
    const extra = problem.endsWith('after top-level value');
    throw invalidParameter(extra ? 'unexpected content after JSON' : `invalid JSON: ${problem}`, {
      cause: error,
    });
  }
}

type Reviver = (this: unknown, key: string, value: unknown) => unknown;

function keepExact(_key: string, value: unknown, { source }: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value;
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}

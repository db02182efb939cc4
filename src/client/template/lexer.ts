import { unquote } from './literals.ts';
import { templateError } from './template-error.ts';

type TokenKind =
  | 'text'
  | 'open'
  | 'close'
  | 'field'
  | 'variable'
  | 'word'
  | 'string'
  | 'character'
  | 'number'
  | 'dot'
  | 'symbol';

export interface Token {
  readonly kind: TokenKind;
  /** The token as written, or the value of a string. */
  readonly text: string;
  /** Offset in the template. */
  readonly at: number;
  /** White space precedes it. */
  readonly spaced: boolean;
}

const RULES: readonly (readonly [TokenKind, RegExp])[] = [
  ['field', /\.[A-Za-z_][A-Za-z0-9_]*/y],
  ['number', /[+-]?(?:0[xX][0-9a-fA-F_.]*(?:[pP][+-]?)?|\.?\d)(?:[eEpP][+-]|[\w.])*/y],
  ['dot', /\./y],
  ['variable', /\$[A-Za-z0-9_]*/y],
  ['word', /[A-Za-z_][A-Za-z0-9_]*/y],
  ['string', /"(?:[^"\\\n]|\\[^\n])*"|`[^`]*`/y],
  ['character', /'(?:[^'\\\n]|\\[^\n])*'/y],
  ['symbol', /:=|[|(),=]/y],
];

/** Splits a Go template into text and the tokens of its `{{…}}` actions, and applies trim markers and comments. */
export function lex(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let trimNext = false;
  while (at < source.length) {
    const open = source.indexOf('{{', at);
    const end = open === -1 ? source.length : open;
    const trimsLeft = open !== -1 && /^-\s/.test(source.slice(open + 2, open + 4));
    pushText(tokens, source.slice(at, end), at, trimNext, trimsLeft);
    if (open === -1) break;
    const inside = lexAction(source, open, trimsLeft ? open + 3 : open + 2, tokens);
    at = inside.at;
    trimNext = inside.trimsRight;
  }
  return tokens;
}

function pushText(tokens: Token[], raw: string, at: number, trimStart: boolean, trimEnd: boolean): void {
  let text = trimStart ? raw.trimStart() : raw;
  if (trimEnd) text = text.trimEnd();
  if (text !== '') tokens.push({ kind: 'text', text, at, spaced: false });
}

/** A comment must be the whole action. */
function lexComment(source: string, from: number) {
  let at = from;
  while (/\s/.test(source[at] ?? '')) at++;
  if (!source.startsWith('/*', at)) return undefined;
  const end = source.indexOf('*/', at + 2);
  if (end === -1) throw templateError(source, at, 'unclosed comment');
  const close = /\s*(?<=\s)-\}\}|\}\}/y;
  close.lastIndex = end + 2;
  const found = close.exec(source);
  if (!found) throw templateError(source, at, 'comment ends before closing delimiter');
  return { at: close.lastIndex, trimsRight: found[0] !== '}}' };
}

function lexAction(source: string, open: number, from: number, tokens: Token[]) {
  const comment = lexComment(source, from);
  if (comment) return comment;
  tokens.push({ kind: 'open', text: '{{', at: open, spaced: false });
  let at = from;
  for (;;) {
    const before = at;
    while (/\s/.test(source[at] ?? '')) at++;
    const spaced = at > before;
    const close = /^(-?)\}\}/.exec(source.slice(at, at + 3));
    if (close && (close[1] === '' || spaced)) {
      tokens.push({ kind: 'close', text: '}}', at, spaced });
      return { at: at + close[0].length, trimsRight: close[1] === '-' };
    }
    const token = nextToken(source, at, spaced);
    tokens.push(token.token);
    at = token.after;
  }
}

function nextToken(source: string, at: number, spaced: boolean): { token: Token; after: number } {
  if (at >= source.length) throw templateError(source, at, 'unclosed action');
  for (const [kind, rule] of RULES) {
    rule.lastIndex = at;
    const text = rule.exec(source)?.[0];
    if (text === undefined) continue;
    const value = kind === 'string' ? unquote(text) : text;
    if (value === undefined) throw templateError(source, at, 'invalid syntax');
    return { token: { kind, text: value, at, spaced }, after: at + text.length };
  }
  if (source[at] === '"') throw templateError(source, at, 'unterminated quoted string');
  if (source[at] === '`') throw templateError(source, at, 'unterminated raw quoted string');
  if (source[at] === "'") throw templateError(source, at, 'unterminated character constant');
  throw templateError(source, at, `unexpected ${JSON.stringify(source[at])} in operand`);
}

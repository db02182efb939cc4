import { Float } from './values.ts';

const INTEGER =
  /^[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/;
const DECIMAL = /^[+-]?(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?$/;
const HEXADECIMAL = /^([+-]?)0[xX]_?([0-9a-fA-F_]*)\.?([0-9a-fA-F_]*)[pP]([+-]?\d+)$/;
const INT64 = 1n << 63n;

/** A number as Go writes it, integers exactly; undefined when it is not a number. */
export function readNumber(source: string): number | bigint | Float | undefined {
  if (INTEGER.test(source)) return readInteger(source);
  if (/[.eE]/.test(source) && DECIMAL.test(source)) {
    const value = Number(source.replaceAll('_', ''));
    return Number.isFinite(value) ? new Float(value) : undefined;
  }
  const [, sign = '', whole = '', fraction = '', power = ''] = HEXADECIMAL.exec(source) ?? [];
  const digits = (whole + fraction).replaceAll('_', '');
  if (digits === '') return undefined;
  const places = fraction.replaceAll('_', '').length * 4;
  const value = Number(BigInt(`0x${digits}`)) * 2 ** (Number(power) - places);
  return Number.isFinite(value) ? new Float(sign === '-' ? -value : value) : undefined;
}

/** Undefined when it does not fit into 64 bits. */
function readInteger(source: string): number | bigint | undefined {
  const digits = source.replaceAll('_', '').replace(/^[+-]/, '');
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits);
  const signed = source.startsWith('-') ? -value : value;
  if (signed < -INT64 || signed >= INT64) return undefined;
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}

const ESCAPE =
  /\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([\s\S]|$))/g;
const SHORT: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** The text within quotes or backquotes; undefined where an escape is not one of Go's. */
export function unquote(source: string): string | undefined {
  const inner = source.slice(1, -1);
  if (source.startsWith('`')) return inner.replaceAll('\r', '');
  if (!inner.includes('\\')) return inner;
  const bytes: Buffer[] = [];
  let end = 0;
  for (const match of inner.matchAll(ESCAPE)) {
    const [whole, short, byte, four, eight, octal] = match;
    bytes.push(Buffer.from(inner.slice(end, match.index)));
    end = match.index + whole.length;
    const code = Number.parseInt(four ?? eight ?? '0', 16);
    if (short !== undefined) {
      if (short === (source.startsWith('"') ? "'" : '"')) return undefined;
      bytes.push(Buffer.from(SHORT[short] ?? short));
    } else if (byte !== undefined) bytes.push(Buffer.from([Number.parseInt(byte, 16)]));
    else if (octal !== undefined && Number.parseInt(octal, 8) < 256)
      bytes.push(Buffer.from([Number.parseInt(octal, 8)]));
    else if ((four ?? eight) !== undefined && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000)) {
      bytes.push(Buffer.from(String.fromCodePoint(code)));
    } else return undefined;
  }
  bytes.push(Buffer.from(inner.slice(end)));
  return Buffer.concat(bytes).toString();
}

/** The code point of a character in single quotes; undefined for none or several. */
export function readCharacter(source: string): number | undefined {
  const byte = /^'\\(?:x([0-9a-fA-F]{2})|([0-7]{3}))'$/.exec(source);
  if (byte) return byte[1] === undefined ? Number.parseInt(byte[2] ?? '', 8) : Number.parseInt(byte[1], 16);
  const runes = [...(unquote(source) ?? '')];
  return runes.length === 1 ? runes[0]?.codePointAt(0) : undefined;
}

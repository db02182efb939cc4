import { formatFloat } from './number.ts';
import { floatOf, goType, isInteger, isNil, NilPointer, typedOf } from './values.ts';

/** The part between `%` and a verb. */
interface Directive {
  readonly verb: string;
  readonly minus: boolean;
  readonly plus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  readonly width: number | undefined;
  readonly precision: number | undefined;
  /** `%#v`. */
  readonly goSyntax: boolean;
  /** `%+v`. */
  readonly named: boolean;
}

const PLAIN: Directive = {
  verb: 'v',
  minus: false,
  plus: false,
  sharp: false,
  space: false,
  zero: false,
  width: undefined,
  precision: undefined,
  goSyntax: false,
  named: false,
};

/** Larger widths and precisions are rejected, as in Go. */
const TOO_LARGE = 1_000_000;

/** Go's Sprintf. Time and memory are linear in the format and its output. */
export function sprintf(format: string, values: readonly unknown[]): string {
  return new Formatter(format, values).run();
}

/** A value as `%v` prints it within others. */
export const sprint = (value: unknown): string => print(value, PLAIN, 0);

class Formatter {
  readonly #format: string;
  readonly #values: readonly unknown[];
  #at = 0;
  #next = 0;
  /** An explicit index was used, so values may remain unused. */
  #reordered = false;
  #goodIndex = true;
  /** This directive has an explicit index. */
  #indexed = false;

  constructor(format: string, values: readonly unknown[]) {
    this.#format = format;
    this.#values = values;
  }

  run(): string {
    const parts: string[] = [];
    while (this.#at < this.#format.length) {
      const percent = this.#format.indexOf('%', this.#at);
      const end = percent === -1 ? this.#format.length : percent;
      parts.push(this.#format.slice(this.#at, end));
      if (percent === -1) break;
      this.#at = percent + 1;
      parts.push(this.#directive());
    }
    if (!this.#reordered && this.#next < this.#values.length) {
      const extra = this.#values
        .slice(this.#next)
        .map((value) => (isNil(value) ? '<nil>' : `${goType(value)}=${sprint(value)}`));
      parts.push(`%!(EXTRA ${extra.join(', ')})`);
    }
    return parts.join('');
  }

  #directive(): string {
    const flags = this.#flags();
    this.#goodIndex = true;
    this.#indexed = false;
    let before = '';
    this.#index();
    let { minus } = flags;
    let width: number | undefined;
    if (this.#format[this.#at] === '*') {
      this.#at++;
      const given = this.#number();
      if (given === undefined) before += '%!(BADWIDTH)';
      else if (given < 0) minus = true;
      width = given === undefined ? undefined : Math.abs(given);
      this.#indexed = false;
    } else {
      width = this.#digits();
      if (this.#indexed && width !== undefined) this.#goodIndex = false;
    }
    let precision: number | undefined;
    if (this.#format[this.#at] === '.') {
      this.#at++;
      if (this.#indexed) this.#goodIndex = false;
      this.#index();
      if (this.#format[this.#at] === '*') {
        this.#at++;
        const given = this.#number();
        if (given === undefined) before += '%!(BADPREC)';
        precision = given === undefined || given < 0 ? undefined : given;
        this.#indexed = false;
      } else precision = this.#digits() ?? 0;
    }
    if (!this.#indexed) this.#index();
    const code = this.#format.codePointAt(this.#at);
    if (code === undefined) return `${before}%!(NOVERB)`;
    const verb = String.fromCodePoint(code);
    this.#at += verb.length;
    if (verb === '%') return `${before}%`;
    if (!this.#goodIndex) return `${before}%!${verb}(BADINDEX)`;
    if (this.#next >= this.#values.length) return `${before}%!${verb}(MISSING)`;
    const zero = flags.zero && !minus;
    const isV = verb === 'v';
    const goSyntax = isV && flags.sharp;
    const named = isV && flags.plus;
    const own = isV ? { sharp: false, plus: false } : {};
    const directive = { ...flags, verb, minus, zero, width, precision, goSyntax, named, ...own };
    return before + print(this.#values[this.#next++], directive, 0);
  }

  #flags() {
    const flags = { minus: false, plus: false, sharp: false, space: false, zero: false };
    for (; ; this.#at++) {
      const flag = this.#format[this.#at];
      if (flag === '-') flags.minus = true;
      else if (flag === '+') flags.plus = true;
      else if (flag === '#') flags.sharp = true;
      else if (flag === ' ') flags.space = true;
      else if (flag === '0') flags.zero = true;
      else return flags;
    }
  }

  /** `[3]`: continues with the third value. */
  #index(): void {
    if (this.#format[this.#at] !== '[') return;
    this.#reordered = true;
    const close = this.#format.indexOf(']', this.#at);
    const digits = close === -1 ? '' : this.#format.slice(this.#at + 1, close);
    const index = /^\d{1,7}$/.test(digits) ? Number(digits) : 0;
    this.#at = close === -1 ? this.#at + 1 : close + 1;
    this.#indexed = true;
    if (index < 1 || index > this.#values.length) this.#goodIndex = false;
    else this.#next = index - 1;
  }

  /** A width or precision taken from the values. */
  #number(): number | undefined {
    const value = this.#next < this.#values.length ? this.#values[this.#next++] : undefined;
    if (!isInteger(value)) return undefined;
    const number = Number(value);
    return Math.abs(number) > TOO_LARGE ? undefined : number;
  }

  #digits(): number | undefined {
    const start = this.#at;
    while (/^\d$/.test(this.#format[this.#at] ?? '')) this.#at++;
    if (this.#at === start) return undefined;
    const number = Number(this.#format.slice(start, this.#at));
    return number > TOO_LARGE ? 0 : number;
  }
}

function print(value: unknown, directive: Directive, depth: number): string {
  const { verb } = directive;
  if (verb === 'T') return pad(depth === 0 ? goType(value) : goType(value), directive);
  if (isNil(value) || value instanceof NilPointer) return depth > 0 ? '<nil>' : printNil(value, directive);
  if (typeof value === 'boolean')
    return verb === 't' || verb === 'v' ? pad(String(value), directive) : bad(value, directive);
  if (isInteger(value)) return printInteger(BigInt(value), directive);
  const float = floatOf(value);
  if (float !== undefined) return printFloat(float, directive);
  if (typeof value === 'string') return printString(value, directive);
  if (typeof value !== 'object') return String(value);
  if (verb === 'p') return bad(value, directive);
  const { goSyntax } = directive;
  const inner = (item: unknown) => print(item, directive, depth + 1);
  if (Array.isArray(value)) {
    if (!goSyntax) return `[${value.map(inner).join(' ')}]`;
    return typedOf(value)?.raw === null
      ? `${goType(value)}(nil)`
      : `${goType(value)}{${value.map(inner).join(', ')}}`;
  }
  const typed = typedOf(value);
  if (typed?.type.kind === 'struct')
    return printStruct(value, typed.type.name, [...typed.type.fields.keys()], directive, inner);
  const keys = Object.keys(value).sort(byCodePoints);
  const members = keys.map((key) => `${inner(key)}:${inner(Reflect.get(value, key))}`);
  if (!goSyntax) return `map[${members.join(' ')}]`;
  return typed?.raw === null ? `${goType(value)}(nil)` : `${goType(value)}{${members.join(', ')}}`;
}

function printStruct(
  value: object,
  name: string,
  fields: readonly string[],
  { goSyntax, named }: Directive,
  inner: (item: unknown) => string,
): string {
  const members = fields.map(
    (field) => `${named || goSyntax ? `${field}:` : ''}${inner(Reflect.get(value, field))}`,
  );
  return goSyntax ? `${name}{${members.join(', ')}}` : `{${members.join(' ')}}`;
}

function printNil(value: unknown, directive: Directive): string {
  const { verb, goSyntax } = directive;
  if (verb === 'v') {
    return pad(goSyntax && value instanceof NilPointer ? `(*${value.type.name})(nil)` : '<nil>', directive);
  }
  return value instanceof NilPointer ? `%!${verb}(${goType(value)}=<nil>)` : `%!${verb}(<nil>)`;
}

const bad = (value: unknown, directive: Directive) =>
  `%!${directive.verb}(${goType(value)}=${print(value, { ...directive, verb: 'v' }, 0)})`;

/** Sorts as Go does: by bytes, which equals by code points. */
export function byCodePoints(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function pad(text: string, { width, minus, zero }: Directive): string {
  if (width === undefined) return text;
  const missing = width - countRunes(text);
  if (missing <= 0) return text;
  return minus ? text + ' '.repeat(missing) : (zero ? '0' : ' ').repeat(missing) + text;
}

function countRunes(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

const BASES: Readonly<Record<string, number>> = { v: 10, d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };

function printInteger(value: bigint, directive: Directive): string {
  const { verb } = directive;
  const base = BASES[verb];
  if (base !== undefined) return printDigits(value, base, directive);
  const isRune = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value < 0xe000n);
  const rune = String.fromCodePoint(isRune ? Number(value) : 0xfffd);
  if (verb === 'c') return pad(rune, directive);
  if (verb === 'q') return pad(`'${quoteRune(rune, "'", directive.plus)}'`, directive);
  if (verb === 'U') {
    const digits = value
      .toString(16)
      .toUpperCase()
      .padStart(Math.max(4, directive.precision ?? 0), '0');
    const shown = directive.sharp && isRune && isPrintable(rune) ? ` '${rune}'` : '';
    return pad(`U+${digits}${shown}`, { ...directive, zero: false });
  }
  return bad(value, directive);
}

function printDigits(value: bigint, base: number, directive: Directive): string {
  const { verb, plus, space, sharp, zero, minus, width } = directive;
  let { precision } = directive;
  const negative = value < 0n;
  if (precision === 0 && value === 0n) return pad('', { ...directive, zero: false });
  if (precision === undefined && zero && !minus && width !== undefined) {
    precision = width - (negative || plus || space ? 1 : 0);
  }
  let digits = (negative ? -value : value).toString(base).padStart(precision ?? 0, '0');
  if (sharp && verb === 'b') digits = `0b${digits}`;
  if (sharp && verb === 'o' && !digits.startsWith('0')) digits = `0${digits}`;
  if (sharp && (verb === 'x' || verb === 'X')) digits = `0x${digits}`;
  if (verb === 'O') digits = `0o${digits}`;
  if (verb === 'X') digits = digits.toUpperCase();
  const sign = negative ? '-' : plus ? '+' : space ? ' ' : '';
  return pad(sign + digits, { ...directive, zero: false });
}

function printFloat(value: number, directive: Directive): string {
  const { verb, precision, plus, space, zero, width } = directive;
  if (!/^[vbeEfFgGxX]$/.test(verb)) return bad(value, directive);
  const text =
    verb === 'b' || verb === 'x' || verb === 'X'
      ? powerOfTwo(value, verb, precision)
      : formatFloat(
          value,
          verb === 'v' ? 'g' : verb,
          verb === 'v' || /[gG]/.test(verb) ? precision : (precision ?? 6),
        );
  const negative = text.startsWith('-');
  const bare = text.replace(/^[-+]/, '');
  const sign = negative ? '-' : plus ? '+' : space ? ' ' : '';
  if (zero && width !== undefined && /^\d/.test(bare)) return sign + bare.padStart(width - sign.length, '0');
  return pad(sign + bare, { ...directive, zero: false });
}

/** `-ddddp±ddd`, or `-0x1.yyyyyyyyp±dd`. */
function powerOfTwo(value: number, verb: string, precision: number | undefined): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const sign = bits >> 63n ? '-' : '';
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & ((1n << 52n) - 1n);
  const mantissa = exponent === 0 ? fraction : fraction | (1n << 52n);
  const power = (exponent === 0 ? 1 : exponent) - 1023;
  const signed = (number: number, least: number) =>
    `${number < 0 ? '-' : '+'}${String(Math.abs(number)).padStart(least, '0')}`;
  if (verb === 'b') return `${sign}${mantissa}p${signed(power - 52, 1)}`;
  return sign + hexadecimal(mantissa, power, verb, precision, signed);
}

function hexadecimal(
  mantissa: bigint,
  power: number,
  verb: string,
  precision: number | undefined,
  signed: (number: number, least: number) => string,
): string {
  let bits = mantissa;
  let exponent = bits === 0n ? 0 : power;
  while (bits !== 0n && bits < 1n << 52n) {
    bits <<= 1n;
    exponent--;
  }
  if (precision !== undefined && precision < 13 && bits !== 0n) {
    const dropped = BigInt(52 - precision * 4);
    const half = 1n << (dropped - 1n);
    const rest = bits & ((1n << dropped) - 1n);
    let kept = bits >> dropped;
    if (rest > half || (rest === half && kept & 1n)) kept++;
    bits = kept << dropped;
    if (bits >= 1n << 53n) {
      bits >>= 1n;
      exponent++;
    }
  }
  const all = (bits & ((1n << 52n) - 1n)).toString(16).padStart(13, '0');
  const digits =
    precision === undefined ? all.replace(/0+$/, '') : all.slice(0, precision).padEnd(precision, '0');
  const text = `0x${bits === 0n ? 0 : 1}${digits === '' ? '' : `.${digits}`}p${signed(exponent, 2)}`;
  return verb === 'X' ? text.toUpperCase() : text;
}

function printString(value: string, directive: Directive): string {
  const { verb, precision, sharp, plus, goSyntax } = directive;
  switch (verb) {
    case 'v':
      return pad(goSyntax ? quote(value) : cut(value, precision), directive);
    case 's':
      return pad(cut(value, precision), directive);
    case 'q': {
      const text = cut(value, precision);
      return pad(sharp && canBackquote(text) ? `\`${text}\`` : quote(text, plus), directive);
    }
    case 'x':
    case 'X':
      return pad(hexOfText(value, directive), directive);
    default:
      return bad(value, directive);
  }
}

function cut(text: string, precision: number | undefined): string {
  return precision === undefined ? text : [...text.slice(0, precision * 2)].slice(0, precision).join('');
}

function hexOfText(value: string, { verb, precision, sharp, space }: Directive): string {
  const bytes = Buffer.from(value).subarray(0, precision);
  const pairs = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'));
  if (pairs.length === 0) return '';
  const text = space
    ? pairs.map((pair) => (sharp ? `0x${pair}` : pair)).join(' ')
    : (sharp ? '0x' : '') + pairs.join('');
  return verb === 'X' ? text.toUpperCase() : text;
}

const canBackquote = (text: string) => !/[`\x00-\x08\x0a-\x1f\x7f\ufeff]/.test(text);

/** Go's strconv.Quote. */
function quote(text: string, ascii = false): string {
  let quoted = '';
  for (const rune of text) quoted += quoteRune(rune, '"', ascii);
  return `"${quoted}"`;
}

const SHORT: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

function quoteRune(rune: string, mark: string, ascii: boolean): string {
  if (rune === mark) return `\\${mark}`;
  const short = SHORT[rune];
  if (short !== undefined) return short;
  const code = rune.codePointAt(0) ?? 0;
  if (code < 0x80 ? code >= 0x20 && code !== 0x7f : !ascii && isPrintable(rune)) return rune;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000
    ? `\\u${code.toString(16).padStart(4, '0')}`
    : `\\U${code.toString(16).padStart(8, '0')}`;
}

/** Letters, marks, numbers, punctuation, symbols and the ASCII space, as Go's IsPrint. */
export const isPrintable = (rune: string) => /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(rune);

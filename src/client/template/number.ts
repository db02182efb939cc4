/** Formats float64 values as Go's strconv does. */

/** The digits of a number and its decimal exponent: 0.ddd × 10^point. */
interface Digits {
  readonly digits: string;
  readonly point: number;
}

/** Verbs `e E f F g G`. @param precision undefined for the fewest digits that identify the number. */
export function formatFloat(value: number, verb: string, precision: number | undefined): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value < 0 ? '-Inf' : '+Inf';
  const lower = verb.toLowerCase();
  const text =
    lower === 'e'
      ? exponential(value, precision)
      : lower === 'f'
        ? fixed(value, precision)
        : general(value, precision);
  const signed = Object.is(value, -0) ? `-${text}` : text;
  return verb === lower ? signed : signed.toUpperCase();
}

/** JavaScript writes at most 100 digits after the point; further ones are zeros except in tiny numbers. */
const MOST = 100;

/** From this exponent on, numbers without a precision use the exponent form. */
const SHORTEST_LIMIT = 6;

function exponential(value: number, precision: number | undefined): string {
  const text =
    precision === undefined ? value.toExponential() : value.toExponential(Math.min(precision, MOST));
  const [mantissa = '', exponent = ''] = text.split('e');
  const more = precision === undefined ? '' : '0'.repeat(Math.max(0, precision - MOST));
  return `${mantissa}${more}e${exponent.startsWith('-') ? '-' : '+'}${exponent.slice(1).padStart(2, '0')}`;
}

function fixed(value: number, precision: number | undefined): string {
  if (precision === undefined) return plain(value, shortest(value));
  const text = Math.abs(value) < 1e21 ? value.toFixed(Math.min(precision, MOST)) : BigInt(value).toString();
  if (Math.abs(value) < 1e21) return text + '0'.repeat(Math.max(0, precision - MOST));
  return precision > 0 ? `${text}.${'0'.repeat(precision)}` : text;
}

function general(value: number, precision: number | undefined): string {
  if (value === 0) return '0';
  const exact = precision === undefined ? shortest(value) : rounded(value, precision || 1);
  const exponent = exact.point - 1;
  const whole = precision !== undefined && exact.digits.length >= exact.point;
  const limit =
    precision === undefined
      ? SHORTEST_LIMIT
      : whole
        ? Math.min(precision || 1, exact.digits.length)
        : precision || 1;
  if (exponent < -4 || exponent >= limit) return exponential(value, exact.digits.length - 1);
  return plain(value, exact);
}

function shortest(value: number): Digits {
  return digitsOf(Math.abs(value).toExponential());
}

function rounded(value: number, precision: number): Digits {
  return digitsOf(Math.abs(value).toExponential(Math.min(precision - 1, MOST)));
}

function digitsOf(exponential: string): Digits {
  const [mantissa = '', exponent = ''] = exponential.split('e');
  const digits = mantissa.replace('.', '').replace(/0+$/, '');
  return { digits, point: digits === '' ? 0 : Number(exponent) + 1 };
}

function plain(value: number, { digits, point }: Digits): string {
  const sign = value < 0 ? '-' : '';
  if (digits === '') return `${sign}0`;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (digits.length <= point) return sign + digits + '0'.repeat(point - digits.length);
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

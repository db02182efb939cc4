/** A value as Go's fmt prints it with `%v`. */
export function printValue(value: unknown): string {
  if (value === undefined || value === null) return '<no value>';
  return printInner(value);
}

function printInner(value: unknown): string {
  if (value === undefined || value === null) return '<nil>';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return printNumber(value);
  if (Array.isArray(value)) return `[${value.map(printInner).join(' ')}]`;
  if (typeof value === 'object') {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${members.map(([key, member]) => `${key}:${printInner(member)}`).join(' ')}]`;
  }
  return String(value);
}

function printNumber(value: number): string {
  return Number.isInteger(value) ? BigInt(value).toString() : String(value);
}

/** Go's Printf with the verbs that formats use: `%s %v %d %q %t %x %f %%`, with flags, width and precision. */
export function formatVerb(format: string, values: readonly unknown[]): string {
  let next = 0;
  return format.replace(
    /%([-+0# ]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g,
    (_, flags: string, width, precision, verb) => {
      if (verb === '%') return '%';
      if (next >= values.length) return `%!${verb}(MISSING)`;
      const body = formatOne(verb, values[next++], precision === undefined ? undefined : Number(precision));
      if (width === undefined) return body;
      if (flags.includes('-')) return body.padEnd(Number(width));
      return body.padStart(Number(width), flags.includes('0') && verb !== 's' ? '0' : ' ');
    },
  );
}

function formatOne(verb: string, value: unknown, precision: number | undefined): string {
  switch (verb) {
    case 'q':
      return JSON.stringify(printInner(value));
    case 'x':
      return typeof value === 'number' ? value.toString(16) : Buffer.from(printInner(value)).toString('hex');
    case 'f':
      return Number(value).toFixed(precision ?? 6);
    case 's':
      return precision === undefined ? printInner(value) : printInner(value).slice(0, precision);
    default:
      return printInner(value);
  }
}

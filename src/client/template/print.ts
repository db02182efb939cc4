/** A value as Go's fmt prints it with `%v`. @param structs objects that look like Go's structs are printed as such */
export function printValue(value: unknown, structs = false): string {
  if (value === undefined || value === null) return '<no value>';
  return printInner(value, structs);
}

function printInner(value: unknown, structs: boolean, map = false): string {
  if (value === undefined || value === null) return '<nil>';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return printNumber(value);
  if (Array.isArray(value)) return `[${value.map((item) => printInner(item, structs)).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  if (structs && !map && isStruct(value)) {
    return `{${Object.entries(value)
      .map(([name, member]) => printInner(member, structs, MAPS.has(name)))
      .join(' ')}}`;
  }
  const members = sortedEntries(value).map(([key, member]) => `${key}:${printMember(member, structs)}`);
  return `map[${members.join(' ')}]`;
}

/** The value `{}` of a set such as `ExposedPorts` is a struct without members. */
function printMember(member: unknown, structs: boolean): string {
  const empty = typeof member === 'object' && member !== null && Object.keys(member).length === 0;
  return structs && empty && !Array.isArray(member) ? '{}' : printInner(member, structs);
}

/** Members of the API's structs that are maps, whatever their keys look like. */
const MAPS: ReadonlySet<string> = new Set([
  'Annotations',
  'Attributes',
  'AuxiliaryAddresses',
  'Containers',
  'Data',
  'DriverOpts',
  'ExposedPorts',
  'Labels',
  'LogOpts',
  'Networks',
  'Options',
  'PortBindings',
  'Ports',
  'StorageOpt',
  'Sysctls',
  'Tmpfs',
  'Volumes',
]);

/** Go's exported members begin with capitals; an object without members might be either, and is taken for a map. */
function isStruct(value: object): boolean {
  const names = Object.keys(value);
  return names.length > 0 && names.every((name) => /^[A-Z][A-Za-z0-9]*$/.test(name));
}

const sortedEntries = (value: object) => Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));

/** JSON as Go writes it: members of structs in their order, keys of maps sorted, whole numbers exact. */
export function toJson(value: unknown): string {
  return exactJson(ordered(value));
}

function ordered(value: unknown, map = false): unknown {
  if (Array.isArray(value)) return value.map((item) => ordered(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = map || !isStruct(value) ? sortedEntries(value) : Object.entries(value);
  return Object.fromEntries(entries.map(([name, member]) => [name, ordered(member, MAPS.has(name))]));
}

/** JSON in which whole numbers that a double would round stay as they are. */
export function exactJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, writeExact, indent) ?? 'null';
}

/** Newer than the compiler's library. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

function writeExact(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJSON(String(value)) : value;
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
  const text = () => printInner(value, false);
  switch (verb) {
    case 'q':
      return JSON.stringify(text());
    case 'x':
      return typeof value === 'number' || typeof value === 'bigint'
        ? value.toString(16)
        : Buffer.from(text()).toString('hex');
    case 'f':
      return Number(value).toFixed(precision ?? 6);
    case 's':
      return precision === undefined ? text() : text().slice(0, precision);
    default:
      return text();
  }
}

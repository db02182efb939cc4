/** A float64 of a template: JavaScript alone does not distinguish 1.0 from 1. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  toJSON(): number {
    return this.value;
  }
}

/** Go's nil pointer: `<nil>`, false, `null` in JSON. */
export class NilPointer {
  readonly type: GoType;

  constructor(type: GoType) {
    this.type = type;
  }

  toJSON(): null {
    return null;
  }
}

/** The distinctions between Go types that templates can observe. */
export type GoType =
  | { readonly kind: 'string' | 'bool' | 'int' | 'any'; readonly name: string }
  | { readonly kind: 'slice' | 'map' | 'pointer'; readonly name: string; readonly of: GoType }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: ReadonlyMap<string, Field> };

export interface Field {
  /** Its name in JSON. */
  readonly json: string;
  readonly type: GoType;
}

interface Typed {
  readonly type: GoType;
  /** The JSON that the value was decoded from. */
  readonly raw: unknown;
}

const TYPES = new WeakMap<object, Typed>();

/** The type information of an object, array or map that `withType` created. */
export const typedOf = (value: unknown): Typed | undefined =>
  typeof value === 'object' && value !== null ? TYPES.get(value) : undefined;

/** JSON as the Go value that Docker's client decodes it into: omitted members have their zero values. */
export function withType(raw: unknown, type: GoType): unknown {
  if (raw === undefined || raw === null) return zeroOf(type, raw);
  switch (type.kind) {
    case 'pointer':
      return withType(raw, type.of);
    case 'slice':
      return Array.isArray(raw)
        ? tagged(
            raw.map((item) => withType(item, type.of)),
            { type, raw },
          )
        : raw;
    case 'map':
      return isObject(raw) ? tagged(mapOf(raw, type.of), { type, raw }) : raw;
    case 'struct':
      return isObject(raw) ? tagged(structOf(raw, type.fields), { type, raw }) : raw;
    default:
      return raw;
  }
}

/** @param raw the JSON value: absent or null. */
export function zeroOf(type: GoType, raw: unknown = null): unknown {
  switch (type.kind) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int':
      return 0;
    case 'any':
      return null;
    case 'slice':
      return tagged([], { type, raw: null });
    case 'map':
      return tagged({}, { type, raw: null });
    case 'pointer':
      return new NilPointer(type.of);
    case 'struct':
      return tagged(structOf({}, type.fields), { type, raw });
  }
}

function tagged<T extends object>(value: T, typed: Typed): T {
  TYPES.set(value, typed);
  return value;
}

const mapOf = (raw: object, of: GoType) =>
  Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, withType(value, of)]));

/** Members under their Go names, then under their JSON names where these differ, so that templates may use both. */
function structOf(raw: Readonly<Record<string, unknown>>, fields: ReadonlyMap<string, Field>) {
  const members: Record<string, unknown> = {};
  const known = new Set<string>();
  for (const [name, { json, type }] of fields) {
    members[name] = withType(raw[json], type);
    if (json !== name) members[json] = members[name];
    known.add(json);
  }
  for (const [name, value] of Object.entries(raw)) if (!known.has(name)) members[name] = value;
  return members;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isInteger = (value: unknown): value is number | bigint =>
  typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));

/** The number of a float64; undefined for anything else. */
export function floatOf(value: unknown): number | undefined {
  if (value instanceof Float) return value.value;
  return typeof value === 'number' && !Number.isInteger(value) ? value : undefined;
}

export const isNil = (value: unknown): value is null | undefined => value === null || value === undefined;

/** The name of a value's Go type. */
export function goType(value: unknown): string {
  if (isNil(value)) return '<nil>';
  if (value instanceof NilPointer) return `*${value.type.name}`;
  const typed = typedOf(value);
  if (typed) return typed.type.name;
  if (Array.isArray(value))
    return value.every((item) => typeof item === 'string') ? '[]string' : '[]interface {}';
  if (floatOf(value) !== undefined) return 'float64';
  if (isInteger(value)) return 'int';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'object' ? 'map[string]interface {}' : typeof value;
}

import { byCodePoints, sprint } from './printf.ts';
import { isNil, typedOf } from './values.ts';

/** A value as an action of a template prints it. */
export function printValue(value: unknown): string {
  return isNil(value) ? '<no value>' : sprint(value);
}

/** JSON as Go writes it: struct members in their order, map keys sorted, integers exact. */
export function toJson(value: unknown): string {
  return exactJson(ordered(value));
}

function ordered(value: unknown, map = false): unknown {
  const typed = typedOf(value);
  if (typed) return ordered(typed.raw, typed.type.kind === 'map');
  if (Array.isArray(value)) return value.map((item) => ordered(item));
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value;
  const names = Object.keys(value);
  if (map || !isStruct(names)) names.sort(byCodePoints);
  return Object.fromEntries(names.map((name) => [name, ordered(Reflect.get(value, name), MAPS.has(name))]));
}

/** Go's exported members begin with a capital letter. */
const isStruct = (names: readonly string[]) => names.every((name) => /^[A-Z][A-Za-z0-9]*$/.test(name));

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

/** JSON with exact integers, including those that a double would round. */
export function exactJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, writeExact, indent) ?? 'null';
}

/** The compiler's library does not declare it yet. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

function writeExact(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJSON(String(value)) : value;
}

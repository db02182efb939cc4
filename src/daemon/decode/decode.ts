import { invalidParameter } from '../../core/errors.ts';
import { isObject } from '../../core/is-object.ts';
import { LIMITS, type Node, type Schema, typeName } from './schema.ts';

/**
 * Reads a value of JSON by a schema with the rules of Go's `encoding/json`: keys match whatever their case and the
 * last one wins, null is as good as absent, unknown members are dropped.
 * @param value as `parseExactJson` gives it: a bigint is an integer that a number cannot hold exactly.
 * @returns members by their canonical names; those without a value are absent, but for zeroed ones.
 * @throws BargeError invalid-parameter for a wrong type or an integer out of range, naming the member.
 */
export function decode<T>(schema: Schema<T>, value: unknown): T {
  return (value === null || value === undefined ? zeroOf(schema) : read(schema, value, '')) as T;
}

function read(node: Node, value: unknown, path: string): unknown {
  switch (node.kind) {
    case 'string':
      if (typeof value === 'string') return value;
      break;
    case 'boolean':
      if (typeof value === 'boolean') return value;
      break;
    case 'anything':
      return value;
    case 'integer':
      if (typeof value === 'number' || typeof value === 'bigint') return integerOf(node.type, value, path);
      break;
    case 'list':
      if (node.orString && typeof value === 'string') return [value];
      if (Array.isArray(value)) return value.map((item) => readOrZero(node.of, item, path));
      break;
    case 'pair':
      if (Array.isArray(value)) return [0, 1].map((at) => readOrZero(DIMENSION, value[at], path));
      break;
    case 'map':
      if (isObject(value)) return readMap(node.of, value, node.keepsNull, path);
      break;
    case 'object':
      if (isObject(value)) return readObject(node, value, path || node.name);
      break;
  }
  throw mismatch(kindOf(value), node, path);
}

const DIMENSION: Node = { kind: 'integer', type: 'uint' };

const readOrZero = (node: Node, value: unknown, path: string) =>
  value === null || value === undefined ? zeroOf(node) : read(node, value, path);

function readMap(of: Node, value: object, keepsNull: boolean, path: string): unknown {
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      keepsNull && item === null ? null : readOrZero(of, item, path),
    ]),
  );
}

function readObject(
  node: Extract<Node, { kind: 'object' }>,
  value: Readonly<Record<string, unknown>>,
  path: string,
): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const key in value) {
    const name = Object.hasOwn(node.members, key) ? key : node.folded.get(key.toLowerCase());
    const member = name === undefined ? undefined : node.members[name];
    if (name === undefined || member === undefined) continue;
    const given = value[key];
    if (given !== null) out[name] = read(member, given, `${path}.${name}`);
    else if (!isScalar(member)) delete out[name];
  }
  for (const name of node.zeroed) out[name] ??= zeroOf(node.members[name] as Node);
  return out;
}

/** A later null leaves a scalar that has been given as it is. */
const isScalar = ({ kind }: Node) => kind === 'string' || kind === 'boolean' || kind === 'integer';

function zeroOf(node: Node): unknown {
  switch (node.kind) {
    case 'string':
      return '';
    case 'boolean':
      return false;
    case 'integer':
      return 0;
    case 'pair':
      return [0, 0];
    case 'list':
      return [];
    case 'map':
      return {};
    case 'anything':
      return undefined;
    case 'object':
      return Object.fromEntries(node.zeroed.map((name) => [name, zeroOf(node.members[name] as Node)]));
  }
}

/**
 * Returns an integer within the type's range. One of more than 53 bits becomes the nearest number that is not outside
 * of the range, so that a later response is of the type, too.
 */
function integerOf(type: keyof typeof LIMITS, value: number | bigint, path: string): number {
  const [low, high] = LIMITS[type];
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && value >= low && value <= high) return value;
    throw mismatch(`number ${value}`, { kind: 'integer', type }, path);
  }
  if (value < low || value > high) throw mismatch(`number ${value}`, { kind: 'integer', type }, path);
  const near = Number(value);
  return BigInt(near) > high ? Number(high >> 11n) * 2 ** 11 - 2 ** 11 : near;
}

const KINDS: Record<string, string> = { boolean: 'bool', bigint: 'number' };

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return KINDS[typeof value] ?? typeof value;
}

function mismatch(found: string, node: Node, path: string): Error {
  const place = path.includes('.') ? `struct field ${path}` : 'value';
  return invalidParameter(
    `invalid JSON: json: cannot unmarshal ${found} into Go ${place} of type ${typeName(node)}`,
  );
}

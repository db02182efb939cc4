import type { Node, Schema } from '../schema.ts';

/** One member of a body, given something unusual. */
interface SweptBody {
  /** `CreateRequest.HostConfig.Memory`, as messages have it. */
  readonly path: string;
  readonly what: 'null' | 'wrong type' | 'other case' | 'null within' | 'usual';
  readonly body: unknown;
}

const WRONG: Readonly<Record<string, readonly unknown[]>> = {
  string: [7, true, [], {}],
  boolean: ['true', 1, [], {}],
  integer: ['7', true, [], {}, 1.5, 1e300],
  list: [7, true, {}],
  pair: [7, 'x', {}],
  map: [7, true, 'x', []],
  object: [7, true, 'x', []],
  anything: [],
};

/** Every member of a schema's body, at any depth, with null, each wrong type and its name in another case. */
export function sweep<T>(schema: Schema<T>): SweptBody[] {
  return schema.kind === 'object' ? membersOf(schema, schema.name, (body) => body) : [];
}

function membersOf(
  node: Extract<Node, { kind: 'object' }>,
  path: string,
  wrap: (body: unknown) => unknown,
): SweptBody[] {
  return Object.entries(node.members).flatMap(([name, member]) => {
    const within = `${path}.${name}`;
    const put = (value: unknown, key = name) => wrap({ [key]: value });
    return [
      { path: within, what: 'null' as const, body: put(null) },
      { path: within, what: 'usual' as const, body: put(sampleOf(member)) },
      ...[name.toLowerCase(), name.toUpperCase()].map((key) => ({
        path: within,
        what: 'other case' as const,
        body: put(sampleOf(member), key),
      })),
      ...(WRONG[member.kind] ?? []).map((value) => ({
        path: within,
        what: 'wrong type' as const,
        body: put(value),
      })),
      ...inside(member, within, put),
    ];
  });
}

/** What is in a member that holds more. */
function inside(node: Node, path: string, put: (value: unknown) => unknown): SweptBody[] {
  if (node.kind === 'object') return membersOf(node, path, put);
  if (node.kind !== 'list' && node.kind !== 'map') return [];
  const wrap = (value: unknown) => put(node.kind === 'list' ? [value] : { [KEY]: value });
  return [
    { path, what: 'null within', body: wrap(null) },
    ...(WRONG[node.of.kind] ?? []).map((value) => ({
      path,
      what: 'wrong type' as const,
      body: wrap(value),
    })),
    ...inside(node.of, path, wrap),
  ];
}

/** A key that ports, paths and names alike may be. */
const KEY = '80/tcp';

function sampleOf(node: Node): unknown {
  switch (node.kind) {
    case 'string':
      return 'x';
    case 'boolean':
      return true;
    case 'integer':
      return 7;
    case 'list':
      return [sampleOf(node.of)];
    case 'pair':
      return [7, 7];
    case 'map':
      return { [KEY]: sampleOf(node.of) };
    case 'anything':
      return {};
    case 'object':
      return Object.fromEntries(
        Object.entries(node.members).map(([name, member]) => [name, sampleOf(member)]),
      );
  }
}

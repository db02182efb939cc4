/**
 * Describes the members of a request's JSON. A schema is data: `decode.ts` reads values by it, and tests walk it. Its
 * type parameter is the decoded type; `object` makes the compiler compare every member with the interface.
 */
export type Schema<T> = Node & { readonly [DECODED]?: T };

declare const DECODED: unique symbol;

/** `zero`: an absent member gets Go's zero value, because its type has no room for its absence. */
export type Node = (Scalar | Integer | List | Pair | Dictionary | Struct) & { readonly zero?: true };

interface Scalar {
  readonly kind: 'string' | 'boolean' | 'anything';
}
interface Integer {
  readonly kind: 'integer';
  readonly type: keyof typeof LIMITS;
}
interface List {
  readonly kind: 'list';
  readonly of: Node;
  /** A single string stands for a list of it, as in Go's `strslice`. */
  readonly orString: boolean;
}
interface Pair {
  readonly kind: 'pair';
}
interface Dictionary {
  readonly kind: 'map';
  readonly of: Node;
  /** A null stays one; elsewhere it is the zero value. */
  readonly keepsNull: boolean;
}
interface Struct {
  readonly kind: 'object';
  /** Go's name of the type, for messages. */
  readonly name: string;
  readonly members: Readonly<Record<string, Node>>;
  /** Their names by what they are in lower case. */
  readonly folded: ReadonlyMap<string, string>;
  /** Those that are always there. */
  readonly zeroed: readonly string[];
}

/** Lowest and highest value of Go's integer types. */
export const LIMITS = {
  int: [-(2n ** 63n), 2n ** 63n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint: [0n, 2n ** 64n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  uint16: [0n, 2n ** 16n - 1n],
} as const;

type Given<T> = Exclude<T, null | undefined>;
type Zeroed<T> = Schema<T> & { readonly zero: true };

/** A schema for every member of an interface, of the member's type; mandatory members are zeroed. */
export type Members<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K>
    ? Schema<Given<T[K]>>
    : Zeroed<Given<T[K]>>;
};

/** Any text; whether it is one of a narrower type's words is for the operation to check. */
export const text = <T extends string = string>(): Schema<T> => ({ kind: 'string' });
export const flag = (): Schema<boolean> => ({ kind: 'boolean' });
export const integer = (type: keyof typeof LIMITS = 'int64'): Schema<number> => ({ kind: 'integer', type });
/** Any value, passed through unread. */
export const anything = <T = unknown>(): Schema<T> => ({ kind: 'anything' });
export const list = <T>(of: Schema<T>): Schema<readonly T[]> => ({ kind: 'list', of, orString: false });
/** A list of strings, or one string. */
export const words = (): Schema<readonly string[]> => ({ kind: 'list', of: text(), orString: true });
/** Go's `[2]uint`: what is missing is 0, what is too much is dropped. */
export const pair = (): Schema<readonly [number, number]> => ({ kind: 'pair' });
export const map = <T>(of: Schema<T>): Schema<Readonly<Record<string, T>>> => ({
  kind: 'map',
  of,
  keepsNull: false,
});
/** A map in which null is a value of its own. */
export const nullableMap = <T>(of: Schema<T>): Schema<Readonly<Record<string, T | null>>> => ({
  kind: 'map',
  of,
  keepsNull: true,
});
export const zeroed = <T>(schema: Schema<T>): Zeroed<T> => ({ ...schema, zero: true });

export function object<T>(name: string, members: NoInfer<Members<T>>): Schema<T> {
  const names = Object.keys(members);
  const all = members as Readonly<Record<string, Node>>;
  return {
    kind: 'object',
    name,
    members: all,
    folded: new Map(names.map((member) => [member.toLowerCase(), member])),
    zeroed: names.filter((member) => all[member]?.zero),
  };
}

/** The members of an object's schema, for one that has them and more. */
const _membersOf = <T>(schema: Schema<T>): Members<T> =>
  (schema.kind === 'object' ? schema.members : {}) as Members<T>;

/** Go's name of the type, for messages. */
export function typeName(node: Node): string {
  switch (node.kind) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'anything':
      return 'interface {}';
    case 'integer':
      return node.type;
    case 'list':
      return `[]${typeName(node.of)}`;
    case 'pair':
      return '[2]uint';
    case 'map':
      return `map[string]${typeName(node.of)}`;
    case 'object':
      return node.name;
  }
}

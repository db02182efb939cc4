import { isDeepStrictEqual } from 'node:util';

type Value = string | number | boolean | undefined | readonly unknown[];

/** Some of a structure's members, at any depth. Lists, maps and unions are given whole. */
export type Parts<T> = {
  readonly [K in keyof T]?: T[K] extends Value | { readonly kind: string } | Readonly<Record<string, string>>
    ? T[K]
    : string extends keyof T[K]
      ? T[K]
      : Parts<T[K]>;
};

type Structure = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Structure =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A base without members stands for a map, which is a value; one with members is a structure. */
const isStructure = (base: unknown): base is Structure => isObject(base) && Object.keys(base).length > 0;

/** `parts` over `base`: what is not in `parts`, or equals the base, is the base's own object. */
export function merged<T>(parts: Parts<T>, base: T): T {
  return mergedValue(parts, base) as T;
}

function mergedValue(part: unknown, base: unknown): unknown {
  if (part === undefined || part === base) return base;
  if (!isStructure(base) || !isObject(part)) return isDeepStrictEqual(part, base) ? base : part;
  /* Of a union, one alternative's members mean nothing in another. */
  const out: Record<string, unknown> = part.kind === base.kind ? { ...base } : {};
  let same = part.kind === base.kind;
  for (const name in part) {
    const value = name in out ? mergedValue(part[name], base[name]) : part[name];
    same &&= value === base[name];
    out[name] = value;
  }
  return same ? base : out;
}

/** What of `value` differs from `base`: `merged` makes the value of it again. */
export function difference<T>(value: T, base: T): Parts<T> {
  return (differenceOf(value, base) ?? {}) as Parts<T>;
}

function differenceOf(value: unknown, base: unknown): unknown {
  if (value === base) return undefined;
  if (!isStructure(base) || !isObject(value)) return isDeepStrictEqual(value, base) ? undefined : value;
  if (value.kind !== base.kind) return value;
  const parts: Record<string, unknown> = {};
  let differs = false;
  for (const name in value) {
    const part = differenceOf(value[name], base[name]);
    if (part === undefined) continue;
    parts[name] = part;
    differs = true;
  }
  return differs ? parts : undefined;
}

/**
 * `value` itself in every respect, with what it has in common with `model` as the model's own objects: containers that
 * are alike, as those of one image are, then share most of their memory.
 */
export function sharing<T>(value: T, model: T): T {
  return shared(value, model) as T;
}

function shared(value: unknown, model: unknown): unknown {
  if (value === model) return model;
  if (Array.isArray(value)) return Array.isArray(model) && isDeepStrictEqual(value, model) ? model : value;
  if (!isObject(value) || !isObject(model)) return value;
  const out: Record<string, unknown> = { ...value };
  let same = Object.keys(model).length === Object.keys(out).length;
  for (const name in value) {
    out[name] = shared(value[name], model[name]);
    same &&= out[name] === model[name] && name in model;
  }
  return same ? model : out;
}

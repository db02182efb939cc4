import type { Descriptor, Platform } from '../../api/oci-image.ts';
import { parseJson } from '../../core/bounded-json.ts';
import { type Digest, digestOf } from '../../core/digest.ts';
import { invalidParameter } from '../../core/errors.ts';
import { parseReference, type Reference, withDefaultTag } from '../../core/reference.ts';
import type { StoredManifest } from '../images.ts';
import { isFor } from '../platform.ts';
import { readConfig } from '../read-config.ts';

/** An archive's description of an image, checked against its layers. */
export interface Plan {
  readonly id: Digest;
  readonly config: Buffer;
  readonly manifest?: { readonly descriptor: Descriptor; readonly bytes: Buffer };
  readonly names: Map<string, Reference>;
  /** An index of several parts, and all that it names besides images. `names` stand for it. */
  readonly index?: readonly StoredManifest[];
}

/** @throws BargeError invalid-parameter for anything but a JSON object or array. */
export function documentOf<T>(bytes: Buffer | undefined, name: string): T {
  if (!bytes) throw invalidParameter(`the archive does not have "${name}"`);
  try {
    const value = parseJson(bytes);
    if (typeof value === 'object' && value !== null) return value as T;
  } catch (error) {
    throw invalidParameter(`"${name}" of the archive is not JSON`, { cause: error });
  }
  throw invalidParameter(`"${name}" of the archive is neither a JSON object nor an array`);
}

/** Go writes an empty list as null. */
export function arrayOf<T>(value: readonly T[] | null | undefined, name: string): readonly T[] {
  if (value === null) return [];
  if (Array.isArray(value)) return value as readonly T[];
  throw invalidParameter(`"${name}" of the archive does not contain a list`);
}

export function listOf<T>(value: readonly T[] | undefined, name: string): readonly T[] {
  const list = arrayOf(value, name);
  if (list.every((item) => typeof item === 'object' && item !== null)) return list;
  throw invalidParameter(`"${name}" of the archive contains a non-object`);
}

/** @throws BargeError invalid-parameter. */
export function nameOf(text: string): Reference {
  const { digest: _, ...reference } = withDefaultTag(parseReference(text));
  return withDefaultTag(reference);
}

/** @returns undefined for an image of a platform that was not requested. */
export function planOf(
  config: Buffer | undefined,
  name: string,
  layers: readonly (() => Digest)[],
  wanted: readonly Platform[],
): Plan | undefined {
  if (!config) throw invalidParameter(`the archive does not have "${name}"`);
  const parsed = readConfig(config);
  if (wanted.length > 0 && !wanted.some((platform) => isFor(parsed, platform))) return undefined;
  const promised = parsed.rootfs.diff_ids;
  if (promised.length !== layers.length) {
    throw invalidParameter(
      `invalid manifest, layers length mismatch: expected ${promised.length}, got ${layers.length}`,
    );
  }
  layers.forEach((layer, i) => {
    const diffId = layer();
    if (diffId === promised[i]) return;
    throw invalidParameter(`invalid diffID for layer ${i}: expected "${promised[i]}", got "${diffId}"`);
  });
  return { id: digestOf(config), config, names: new Map() };
}

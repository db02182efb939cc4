import type { Descriptor, ImageIndex, ImageManifest } from '../api/oci-image.ts';
import { parseJson } from '../core/bounded-json.ts';
import { isDigest } from '../core/digest.ts';
import { dataLoss } from '../core/errors.ts';
import { isObject } from '../core/is-object.ts';

/**
 * A manifest of an image (OCI image spec, manifest.md).
 * @throws BargeError data-loss for anything else, including descriptors without a digest, a size or a media type.
 */
export function parseManifest(bytes: Uint8Array): ImageManifest {
  const { config, layers } = parse(bytes);
  if (!isDescriptor(config) || !isListOf(layers, isDescriptor)) {
    throw dataLoss('a manifest does not name a configuration and layers');
  }
  return { schemaVersion: 2, config, layers };
}

/** An index (image-index.md). @throws BargeError data-loss for anything else. */
export function parseIndex(bytes: Uint8Array): ImageIndex {
  const { manifests } = parse(bytes);
  /* Go writes an empty list as null. */
  if (!isListOf(manifests ?? [], isChild)) throw dataLoss('an index does not name manifests');
  return { schemaVersion: 2, manifests: (manifests ?? []) as Descriptor[] };
}

type Members = Readonly<Record<string, unknown>>;

function isListOf<T>(value: unknown, is: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.every(is);
}

const isTextOrNone = (value: unknown) => value === undefined || value === null || typeof value === 'string';

const isMapOfTexts = (value: unknown) =>
  value === undefined || value === null || (isObject(value) && Object.values(value).every(isTextOrNone));

function isDescriptor(value: unknown): value is Descriptor {
  if (!isObject(value)) return false;
  const { mediaType, digest, size, annotations } = value;
  return (
    typeof mediaType === 'string' &&
    typeof digest === 'string' &&
    isDigest(digest) &&
    typeof size === 'number' &&
    Number.isSafeInteger(size) &&
    size >= 0 &&
    isMapOfTexts(annotations)
  );
}

function isChild(value: unknown): value is Descriptor {
  if (!isDescriptor(value)) return false;
  const platform: unknown = value.platform ?? {};
  return (
    isObject(platform) &&
    [platform.os, platform.architecture, platform.variant, platform['os.version']].every(isTextOrNone)
  );
}

/** @throws BargeError data-loss for anything but a JSON object. */
function parse(bytes: Uint8Array): Members {
  let document: unknown;
  try {
    document = parseJson(bytes);
  } catch (error) {
    throw dataLoss('a manifest is not JSON', { cause: error });
  }
  if (!isObject(document)) throw dataLoss('a manifest is not a JSON object');
  return document;
}

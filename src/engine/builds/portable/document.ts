import { type Digest, isDigest } from '../../../core/digest.ts';
import { dataLoss } from '../../../core/errors.ts';
import type { LayerBlob } from '../../../image/layers.ts';

/**
 * The build cache in a portable form: the results of steps, by content key, and the blobs of their
 * layers. It is transferred as the configuration of an OCI manifest whose layers are those blobs; or, inline, as a member of
 * an image's configuration, in which case it refers to the image's layers.
 */
export interface CacheDocument {
  readonly records: readonly PortableRecord[];
  /** Absent in an inline cache: the image has them. */
  readonly layers?: readonly PortableLayer[];
}

export interface PortableRecord {
  readonly key: string;
  /** RFC 3339. */
  readonly created: string;
  readonly layer?: Digest;
  readonly description?: string;
}

export interface PortableLayer extends LayerBlob {
  readonly diffId: Digest;
}

export const CACHE_TYPE = 'application/vnd.barge.buildcache.v1+json';
/** The member of an image's configuration. */
export const INLINE = 'barge.buildcache.v1';

const isText = (value: unknown): value is string => typeof value === 'string';

/** @throws BargeError data-loss for anything but such a document. */
export function readCacheDocument(text: string): CacheDocument {
  let value: Partial<CacheDocument> | null;
  try {
    value = JSON.parse(text) as Partial<CacheDocument> | null;
  } catch (cause) {
    throw dataLoss('the build cache is not JSON', { cause });
  }
  const records: unknown = value?.records;
  const layers: unknown = value?.layers ?? [];
  if (!Array.isArray(records) || !records.every(isRecord)) throw dataLoss('the build cache lists no records');
  if (!Array.isArray(layers) || !layers.every(isLayer)) throw dataLoss('the build cache lists no layers');
  return { records, layers };
}

function isRecord(value: PortableRecord | null): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { key, created, layer, description } = value;
  const known = layer === undefined || (isText(layer) && isDigest(layer));
  return isText(key) && isText(created) && known && (description === undefined || isText(description));
}

function isLayer(value: PortableLayer | null): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { diffId, digest, size, mediaType } = value;
  const named = isText(diffId) && isDigest(diffId) && isText(digest) && isDigest(digest);
  return named && Number.isSafeInteger(size) && isText(mediaType);
}

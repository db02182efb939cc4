import { type Descriptor, isIndexType, isManifestType } from '../api/oci-image.ts';
import { type Digest, isDigest } from '../core/digest.ts';
import { isObject } from '../core/is-object.ts';
import { registryError } from './registry-error.ts';

/** The parts of a manifest that the registry needs. */
export interface ManifestDocument {
  readonly mediaType: string;
  /** Config and layers, in order, except for foreign layers. */
  readonly blobs: readonly Descriptor[];
  /** Children of an index. */
  readonly manifests: readonly Descriptor[];
  readonly subject?: Digest;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Parses the parts of a manifest that the registry needs.
 * @param contentType the request's Content-Type; the body's `mediaType` must agree with it.
 * @throws RegistryError MANIFEST_INVALID.
 */
export function parseManifestDocument(bytes: Uint8Array, contentType: string | undefined): ManifestDocument {
  const document = parseObject(bytes);
  const mediaType = mediaTypeOf(document, contentType);
  if (document.schemaVersion !== 2) throw invalid('schemaVersion is not 2');
  const isIndex = isIndexType(mediaType);
  if (isIndex && ('layers' in document || 'config' in document)) {
    throw invalid('an index with config or layers is ambiguous');
  }
  if (!isIndex && 'manifests' in document) {
    throw invalid('an image manifest with manifests is ambiguous');
  }
  const config = isIndex ? undefined : descriptor(document.config, 'config');
  const layers = isIndex ? [] : descriptors(document.layers, 'layers').filter((layer) => !isForeign(layer));
  const subject = document.subject === undefined ? undefined : descriptor(document.subject, 'subject').digest;
  const artifactType = text(document.artifactType) || config?.mediaType;
  return {
    mediaType,
    blobs: config ? [config, ...layers] : [],
    manifests: isIndex ? descriptors(document.manifests, 'manifests') : [],
    ...(subject ? { subject } : {}),
    ...(artifactType ? { artifactType } : {}),
    ...(isObject(document.annotations)
      ? { annotations: document.annotations as Readonly<Record<string, string>> }
      : {}),
  };
}

function parseObject(bytes: Uint8Array): Json {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw invalid('the body is not JSON');
  }
  if (!isObject(value)) throw invalid('the body is not a JSON object');
  return value;
}

function mediaTypeOf(document: Json, contentType: string | undefined): string {
  const declared = contentType?.split(';')[0]?.trim();
  const own = text(document.mediaType);
  if (declared && own && declared !== own) {
    throw invalid(`mediaType ${own} does not agree with the Content-Type ${declared}`);
  }
  const mediaType = own || declared || '';
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) {
    throw invalid(`unsupported media type "${mediaType}"`);
  }
  return mediaType;
}

function descriptors(value: unknown, member: string): Descriptor[] {
  if (!Array.isArray(value)) throw invalid(`${member} is not a list`);
  return value.map((item, index) => descriptor(item, `${member}[${index}]`));
}

function descriptor(value: unknown, member: string): Descriptor {
  if (!isObject(value)) throw invalid(`${member} is not a descriptor`);
  if (typeof value.digest !== 'string' || !isDigest(value.digest))
    throw invalid(`${member} has no valid digest`);
  if (typeof value.mediaType !== 'string') throw invalid(`${member} has no mediaType`);
  if (!Number.isSafeInteger(value.size) || (value.size as number) < 0) {
    throw invalid(`${member} has no valid size`);
  }
  return value as unknown as Descriptor;
}

/** Non-distributable layers remain at their `urls`. */
function isForeign(layer: Descriptor): boolean {
  const restricted =
    layer.mediaType.startsWith('application/vnd.oci.image.layer.nondistributable.') ||
    layer.mediaType === 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
  return restricted && (layer.urls?.length ?? 0) > 0;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const invalid = (reason: string) => registryError('MANIFEST_INVALID', 'manifest invalid', { reason });

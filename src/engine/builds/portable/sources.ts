import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import {
  type Descriptor,
  type ImageConfig,
  type ImageManifest,
  isIndexType,
} from '../../../api/oci-image.ts';
import { resolveInRoot } from '../../../builder/copy/rooted.ts';
import { type Digest, isDigest } from '../../../core/digest.ts';
import { dataLoss, invalidParameter, notFound } from '../../../core/errors.ts';
import { failsElsewhere } from '../../../core/streams.ts';
import { parseIndex, parseManifest } from '../../../image/documents.ts';
import { fetchConfig } from '../../../image/fetch-config.ts';
import type { LayerLease } from '../../../image/layers.ts';
import { choosePlatform, hostPlatform } from '../../../image/platform.ts';
import { readConfig } from '../../../image/read-config.ts';
import type { RemoteRepository } from '../../../image/remote/remote-repository.ts';
import { takeLayer } from '../../../image/take-layer.ts';
import type { ImageContext } from '../../images/context.ts';
import { remoteFor } from '../../images/transfer.ts';
import { authFor, type RegistryAuth } from '../base-images.ts';
import {
  CACHE_TYPE,
  type CacheDocument,
  INLINE,
  type PortableLayer,
  type PortableRecord,
  readCacheDocument,
} from './document.ts';
import type { CacheSource } from './imported-cache.ts';
import { type CacheOrigin, cacheReference } from './options.ts';

interface SourceContext {
  readonly ctx: ImageContext;
  readonly auth: RegistryAuth;
  readonly signal: AbortSignal;
  /** The directory of a context of the session. @throws BargeError not-found. */
  directoryOf(context: string): string;
}

const NO_CACHE = 'it contains no build cache: build it with --cache-to';
/** Maximum bytes of a document in a directory. */
const MAX_DOCUMENT = 64 << 20;

/** Opens a cache of another engine. @throws BargeError when it does not exist or is not a cache. */
export async function openSource(at: SourceContext, origin: CacheOrigin): Promise<CacheSource> {
  if (origin.type === 'local') return await fromDirectory(at, at.directoryOf(origin.context));
  const reference = cacheReference(origin.reference);
  const local = at.ctx.images.resolve(reference);
  const inline = local && inlineRecords(at.ctx.images.need(local).config);
  if (local && !inline && origin.bare) throw invalidParameter(NO_CACHE);
  if (inline)
    return sourceOf(at, origin.reference, { records: inline }, () => Promise.reject(notFound('gone')));
  const auth = authFor(at.auth, reference.domain);
  const options = { ...(auth ? { auth } : {}), signal: at.signal, onProgress: () => {} };
  const remote = await remoteFor(at.ctx, reference, options, origin.insecure ? { insecure: true } : {});
  try {
    const document = await remoteDocument(remote, reference.digest ?? reference.tag ?? 'latest');
    const open = (layer: PortableLayer) => remote.blob(layer, at.signal);
    return {
      ...sourceOf(at, origin.reference, document, open),
      [Symbol.dispose]: () => remote[Symbol.dispose](),
    };
  } catch (error) {
    remote[Symbol.dispose]();
    throw error;
  }
}

/** An inline cache, for the image's own layers. */
function inlineRecords(config: ImageConfig): readonly PortableRecord[] | undefined {
  const kept = (config as { [INLINE]?: unknown })[INLINE];
  return kept === undefined ? undefined : readCacheDocument(JSON.stringify(kept)).records;
}

async function remoteDocument(remote: RemoteRepository, name: string): Promise<CacheDocument> {
  const { descriptor, bytes } = await remote.manifest(name);
  if (isIndexType(descriptor.mediaType)) {
    const child = choosePlatform(parseIndex(bytes), hostPlatform());
    if (!child) throw notFound('it has no image for this machine');
    return await imageDocument(remote, (await remote.manifest(child.digest)).bytes);
  }
  return await imageDocument(remote, bytes);
}

async function imageDocument(remote: RemoteRepository, bytes: Uint8Array): Promise<CacheDocument> {
  const manifest = parseManifest(bytes);
  const config = await fetchConfig(remote, manifest.config);
  return documentOf(manifest, config.toString());
}

function documentOf({ config, layers }: ImageManifest, text: string): CacheDocument {
  if (config.mediaType === CACHE_TYPE) return readCacheDocument(text);
  const image = readConfig(Buffer.from(text));
  const records = inlineRecords(image);
  if (!records) throw invalidParameter(NO_CACHE);
  const { diff_ids: diffIds } = image.rootfs;
  return {
    records,
    layers: layers.flatMap((layer, i) => {
      const diffId = diffIds[i];
      return diffId ? [{ ...layer, diffId }] : [];
    }),
  };
}

/** An OCI layout as `--cache-to type=local` writes it. */
async function fromDirectory(at: SourceContext, directory: string): Promise<CacheSource> {
  const [top] = parseIndex(Buffer.from(await readSmall(directory, 'index.json'))).manifests;
  if (!top) throw notFound('its index.json lists no manifests');
  const manifest = parseManifest(Buffer.from(await readSmall(directory, blobIn(top))));
  const document = documentOf(manifest, await readSmall(directory, blobIn(manifest.config)));
  return sourceOf(at, 'the directory', document, async (layer) => {
    return failsElsewhere(createReadStream(await fileIn(directory, blobIn(layer))));
  });
}

function blobIn({ digest }: Pick<Descriptor, 'digest'>): string {
  if (!isDigest(digest)) throw dataLoss('an OCI layout contains an invalid digest');
  return join('blobs', ...digest.split(':'));
}

/** Links stay within the directory: it came from a client. @throws BargeError not-found. */
async function fileIn(directory: string, name: string): Promise<string> {
  const found = await resolveInRoot(directory, name);
  if (!found?.stats.isFile()) throw notFound(`the directory has no file ${name}`);
  return join(directory, found.path);
}

async function readSmall(directory: string, name: string): Promise<string> {
  const file = await fileIn(directory, name);
  const { size } = await stat(file);
  if (size > MAX_DOCUMENT) throw dataLoss(`${name} is larger than ${MAX_DOCUMENT} bytes`);
  return await readFile(file, 'utf8');
}

function sourceOf(
  { ctx }: SourceContext,
  name: string,
  { records, layers = [] }: CacheDocument,
  open: (layer: PortableLayer) => Promise<Readable>,
): CacheSource {
  const blobs = new Map(layers.map((layer) => [layer.diffId, layer]));
  return {
    name,
    records: new Map(records.map((record) => [record.key, record])),
    async fetch(diffId: Digest, lease: LayerLease, signal: AbortSignal) {
      const blob = blobs.get(diffId);
      if (!blob) throw notFound(`it has no layer ${diffId}`);
      const { digest, size, mediaType } = blob;
      const expected = { blob: { digest, size }, mediaType, diffId, lease };
      await takeLayer(ctx, await open(blob), { ...expected, count: () => {}, signal });
    },
    [Symbol.dispose]: () => {},
  };
}

import { Readable } from 'node:stream';
import { type Pack, pack } from 'tar-stream';
import { type ImageIndex, type ImageManifest, MEDIA_TYPE } from '../../../api/oci-image.ts';
import { type Digest, digestOf } from '../../../core/digest.ts';
import { failsElsewhere } from '../../../core/streams.ts';
import { blobPath } from '../../../image/archive/archive-contents.ts';
import { compressedBlob } from '../../../image/packed-layer.ts';
import type { ImageContext } from '../../images/context.ts';
import { remoteFor } from '../../images/transfer.ts';
import { authFor, type RegistryAuth } from '../base-images.ts';
import { CACHE_TYPE, type CacheDocument, type PortableLayer, type PortableRecord } from './document.ts';
import { cacheReference } from './options.ts';

interface Packed {
  readonly config: Buffer;
  readonly manifest: Buffer;
  readonly layers: readonly PortableLayer[];
}

/** The packed layers of records; records whose layers no longer exist are skipped. */
async function packRecords(ctx: ImageContext, records: readonly PortableRecord[]): Promise<Packed> {
  const kept = records.filter(({ layer }) => layer === undefined || ctx.layers.get(layer));
  const diffIds = new Set(kept.map(({ layer }) => layer).filter((layer) => layer !== undefined));
  const layers: PortableLayer[] = [];
  for (const diffId of diffIds)
    layers.push({ diffId, ...(await compressedBlob(ctx, ctx.layers.need(diffId))) });
  const document: CacheDocument = { records: kept, layers };
  const config = Buffer.from(JSON.stringify(document));
  const content: ImageManifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: { mediaType: CACHE_TYPE, digest: digestOf(config), size: config.length },
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  };
  return { config, manifest: Buffer.from(JSON.stringify(content)), layers };
}

/** Pushes a cache to a registry under its own name. @throws BargeError. */
export async function pushCache(
  ctx: ImageContext,
  records: readonly PortableRecord[],
  target: { readonly reference: string; readonly insecure: boolean },
  options: { readonly auth: RegistryAuth; readonly signal: AbortSignal },
): Promise<void> {
  const reference = cacheReference(target.reference);
  using _lease = ctx.layers.lease(layersOf(records));
  const { config, manifest, layers } = await packRecords(ctx, records);
  const auth = authFor(options.auth, reference.domain);
  const usual = { ...(auth ? { auth } : {}), signal: options.signal, onProgress: () => {} };
  using remote = await remoteFor(ctx, reference, usual, target.insecure ? { insecure: true } : {});
  for (const { digest, size } of layers)
    await remote.uploadBlob({ digest, size }, () => ctx.blobs.stream(digest));
  await remote.uploadBlob({ digest: digestOf(config), size: config.length }, () => Readable.from([config]));
  await remote.putManifest(reference.tag ?? 'latest', MEDIA_TYPE.ociManifest, manifest);
}

const layersOf = (records: readonly PortableRecord[]): Digest[] =>
  records.map(({ layer }) => layer).filter((layer) => layer !== undefined);

/** A cache as an OCI layout in a tar. Any failure fails the stream. */
export function cacheArchive(ctx: ImageContext, records: readonly PortableRecord[]): Readable {
  const archive = failsElsewhere(pack());
  const output = failsElsewhere(Readable.from(archive, { objectMode: false }));
  const lease = ctx.layers.lease(layersOf(records));
  void writeLayout(ctx, records, archive)
    .then(() => archive.finalize())
    .catch((error) => output.destroy(error))
    .finally(() => lease[Symbol.dispose]());
  return output;
}

async function writeLayout(
  ctx: ImageContext,
  records: readonly PortableRecord[],
  archive: Pack,
): Promise<void> {
  const { config, manifest, layers } = await packRecords(ctx, records);
  for (const { digest, size } of layers)
    await writeStream(archive, blobPath(digest), size, ctx.blobs.stream(digest));
  const index: ImageIndex = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: [{ mediaType: MEDIA_TYPE.ociManifest, digest: digestOf(manifest), size: manifest.length }],
  };
  const files = [
    [blobPath(digestOf(config)), config],
    [blobPath(digestOf(manifest)), manifest],
    ['oci-layout', Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' }))],
    ['index.json', Buffer.from(JSON.stringify(index))],
  ] as const;
  for (const [name, bytes] of files) await writeStream(archive, name, bytes.length, Readable.from([bytes]));
}

function writeStream(archive: Pack, name: string, size: number, content: Readable): Promise<void> {
  return new Promise((resolve, reject) => {
    const entry = archive.entry({ name, size, mode: 0o644, mtime: new Date(0) }, (error) =>
      error ? reject(error) : resolve(),
    );
    failsElsewhere(entry);
    content.on('error', (error) => {
      entry.destroy();
      reject(error);
    });
    entry.on('close', () => content.destroy());
    content.pipe(entry as unknown as NodeJS.WritableStream);
  });
}

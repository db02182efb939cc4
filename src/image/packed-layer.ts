import type { Readable } from 'node:stream';
import { MEDIA_TYPE } from '../api/oci-image.ts';
import { Digester } from '../core/digest.ts';
import { dataLoss } from '../core/errors.ts';
import { decompress } from './compression.ts';
import { gzipped } from './gzip.ts';
import { type Layer, type LayerBlob, LOCAL_LAYER_TYPE } from './layers.ts';
import type { LayerStores } from './take-layer.ts';

/** The layer's exact tar: from its blob, else created from its directory, which is identical for layers created here. */
export async function plainLayer(stores: LayerStores, layer: Layer): Promise<Readable> {
  if (!layer.blob || !(await stores.blobs.has(layer.blob.digest))) return stores.layers.pack(layer);
  return await decompress(stores.blobs.stream(layer.blob.digest));
}

/** The layer as a blob for a registry: its original blob, else one created from its directory and stored. */
export async function compressedBlob(stores: LayerStores, layer: Layer): Promise<LayerBlob> {
  const kept = layer.blob && (await stores.blobs.has(layer.blob.digest)) ? layer.blob : undefined;
  if (kept && kept.mediaType !== LOCAL_LAYER_TYPE) return kept;
  const digester = new Digester();
  const packed = await plainLayer(stores, layer);
  await using writer = await stores.blobs.writer();
  for await (const chunk of gzipped(stores.layers.compression, hashing(packed, digester), layer.size))
    await writer.write(chunk);
  const found = digester.digest();
  if (found !== layer.diffId) {
    throw dataLoss(
      `the directory of layer ${layer.diffId} has changed on disk (its content is ${found} now): build or pull its image again`,
    );
  }
  const { digest, size } = await writer.commit();
  const blob = { digest, size, mediaType: MEDIA_TYPE.ociLayerGzip };
  stores.layers.recordBlob(layer.diffId, blob);
  if (kept) await stores.blobs.remove(kept.digest);
  return blob;
}

async function* hashing(stream: Readable, digester: Digester): AsyncGenerator<Buffer> {
  for await (const chunk of stream) {
    digester.update(chunk);
    yield chunk;
  }
}

import { Readable } from 'node:stream';
import { MEDIA_TYPE } from '../api/oci-image.ts';
import { heapRoom } from '../core/heap-room.ts';
import { shortId } from '../core/ids.ts';
import type { Limiter } from '../core/limiter.ts';
import type { Reference } from '../core/reference.ts';
import { failsElsewhere } from '../core/streams.ts';
import type { BlobStore } from '../store/blobs.ts';
import type { Image, ImageStore } from './images.ts';
import type { Layer, LayerBlob, LayerStore } from './layers.ts';
import { compressedBlob } from './packed-layer.ts';
import { byteProgress, type OnProgress } from './progress.ts';
import type { RemoteRepository } from './remote/remote-repository.ts';

export interface PushStores {
  readonly images: ImageStore;
  readonly layers: LayerStore;
  readonly blobs: BlobStore;
  /** Shared by all pushes of a daemon. */
  readonly uploads: Limiter;
}

export interface PushOptions {
  /** Push only the image itself, even if the tag stands for an index. */
  readonly alone?: boolean;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

type Repository = Pick<Reference, 'domain' | 'path'>;

/** Uploads layers and configuration. */
export async function pushContents(
  stores: PushStores,
  remote: RemoteRepository,
  { image, reference }: { readonly image: Image; readonly reference: Repository },
  { onProgress, signal }: PushOptions,
): Promise<{ readonly config: LayerBlob; readonly blobs: readonly LayerBlob[] }> {
  const layers = image.config.rootfs.diff_ids.map((diffId) => stores.layers.need(diffId));
  for (const layer of layers)
    onProgress({ status: 'Preparing', progressDetail: {}, id: shortId(layer.diffId) });
  const blobs = await Promise.all(
    layers.map((layer) =>
      stores.uploads(async () => {
        signal.throwIfAborted();
        const mountFrom = stores.images.otherRepositoryWith(layer.diffId, reference);
        return await pushLayer(stores, remote, { layer, mountFrom }, onProgress);
      }),
    ),
  );
  const config: LayerBlob = {
    digest: image.id,
    size: image.configBytes.length,
    mediaType: MEDIA_TYPE.ociConfig,
  };
  await remote.uploadBlob(config, () => Readable.from([image.configBytes]));
  return { config, blobs };
}

async function pushLayer(
  stores: PushStores,
  remote: RemoteRepository,
  { layer, mountFrom }: { readonly layer: Layer; readonly mountFrom: string | undefined },
  onProgress: OnProgress,
): Promise<LayerBlob> {
  using _room = heapRoom();
  const id = shortId(layer.diffId);
  const blob = await compressedBlob(stores, layer);
  const count = byteProgress(onProgress, 'Pushing', id, blob.size);
  const outcome = await remote.uploadBlob(
    blob,
    () => failsElsewhere(Readable.from(counted(stores.blobs.stream(blob.digest), count))),
    { mountFrom },
  );
  const mounted = `Mounted from ${mountFrom}`;
  const status = { existing: 'Layer already exists', mounted, uploaded: 'Pushed' }[outcome];
  onProgress({ status, progressDetail: {}, id });
  return blob;
}

async function* counted(stream: Readable, count: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of stream) {
    count(chunk.length);
    yield chunk;
  }
}

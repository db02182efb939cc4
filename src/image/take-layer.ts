import { PassThrough, type Readable } from 'node:stream';
import { constants, createZstdCompress } from 'node:zlib';
import type { Digest } from '../core/digest.ts';
import { heapRoom } from '../core/heap-room.ts';
import { drained, failsElsewhere } from '../core/streams.ts';
import type { BlobStore, BlobWriter, ExpectedBlob } from '../store/blobs.ts';
import { decompress } from './compression.ts';
import type { Layer, LayerLease, LayerStore } from './layers.ts';

export interface LayerStores {
  readonly layers: LayerStore;
  readonly blobs: BlobStore;
}

interface IncomingLayer {
  /** Expected properties of the blob, which are verified. */
  readonly blob: ExpectedBlob;
  readonly mediaType: string;
  /** Store a plain tar with fast compression: its exact bytes can be restored, and it needs less space. */
  readonly compress?: boolean;
  /** The layer's expected content, where it is known. */
  readonly diffId?: Digest;
  readonly lease?: LayerLease;
  /** Observes the bytes as they arrive. */
  readonly count: (bytes: number) => void;
  readonly signal: AbortSignal;
}

const BUFFER_SIZE = 1 << 20;

/**
 * Stores a layer's blob and unpacks it, in one pass; neither remains when the other fails. Reads `source` as it arrives,
 * never more than a buffer ahead.
 * @throws BargeError data-loss for digests or sizes other than the expected ones; invalid-parameter for a broken archive;
 *   whatever the source fails with.
 */
export async function takeLayer(
  stores: LayerStores,
  source: Readable,
  incoming: IncomingLayer,
): Promise<Layer> {
  const { signal } = incoming;
  using _room = heapRoom();
  /* The readers report failures; one that occurs without a reader must not end the daemon. */
  source.on('error', () => {});
  if (signal.aborted) source.destroy();
  signal.throwIfAborted();
  await using writer = await stores.blobs.writer(incoming.blob);
  const forTar = failsElsewhere(new PassThrough({ highWaterMark: BUFFER_SIZE }));
  const stop = () => source.destroy(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  const kept = incoming.compress ? compressed(writer) : plain(writer);
  const keeping = (async () => {
    try {
      for await (const chunk of source) {
        await kept.write(chunk);
        incoming.count(chunk.length);
        if (!forTar.destroyed && !forTar.write(chunk)) await drained(forTar);
      }
      forTar.end();
      await kept.end();
    } catch (error) {
      kept.stop();
      forTar.destroy(error as Error);
      throw error;
    }
  })();
  const blob = async () => {
    await keeping;
    return { ...(await writer.commit()), mediaType: incoming.mediaType };
  };
  const unpacking = decompress(forTar).then((tar) =>
    stores.layers.addTar(tar, { ...unpackOptions(incoming), blob }),
  );
  try {
    /* The source's own failure says more than the resulting failure of unpacking. */
    const [saved, unpacked] = await Promise.allSettled([
      keeping,
      unpacking.catch((error) => {
        forTar.destroy();
        throw error;
      }),
    ]);
    if (saved.status === 'rejected') throw saved.reason;
    if (unpacked.status === 'rejected') throw unpacked.reason;
    return unpacked.value;
  } finally {
    signal.removeEventListener('abort', stop);
    /* The layer failed, or another operation created it from another blob meanwhile. */
    await writer.revoke((digest) => stores.layers.byBlob(digest) !== undefined);
  }
}

/** The destination of a blob's bytes. */
interface Sink {
  write(chunk: Buffer): Promise<void>;
  end(): Promise<void>;
  stop(): void;
}

function plain(writer: BlobWriter): Sink {
  return { write: (chunk) => writer.write(chunk), end: async () => {}, stop: () => {} };
}

function compressed(writer: BlobWriter): Sink {
  const params = { [constants.ZSTD_c_compressionLevel]: 1 };
  const encoder = failsElsewhere(createZstdCompress({ chunkSize: 256 << 10, params }));
  const writing = (async () => {
    for await (const chunk of encoder) await writer.write(chunk);
  })();
  writing.catch(() => {}); /* `write` and `end` report it */
  return {
    write: async (chunk) => {
      if (!encoder.write(chunk)) await drained(encoder);
      if (encoder.destroyed) await writing;
    },
    end: async () => {
      encoder.end();
      await writing;
    },
    stop: () => encoder.destroy(),
  };
}

function unpackOptions({ diffId, lease, signal }: IncomingLayer) {
  return { signal, ...(diffId ? { expected: diffId } : {}), ...(lease ? { lease } : {}) };
}
